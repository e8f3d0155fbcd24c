// A reporter for `node --test`: a line `ok NAME`, `not ok NAME: why` or `skip NAME: why` for each test, as run.py counts
// them. The name is that of the suites and of the test.

const oneLine = (text) => String(text).replace(/\s*\n\s*/g, " ").trim();

function reasonOf(error) {
  const cause = error?.cause ?? error;
  return oneLine(cause?.message ?? cause ?? "no reason given");
}

export default async function* reporter(events) {
  const names = []; // of the suites around the test, by depth; the runner reports one file after the other
  for await (const { type, data } of events) {
    if (type === "test:start") {
      names[data.nesting] = data.name;
    } else if (type === "test:diagnostic" && data.nesting > 0) {
      yield `# ${oneLine(data.message)}\n`;
    } else if ((type === "test:pass" || type === "test:fail") && data.details.type !== "suite") {
      const name = [...names.slice(0, data.nesting), data.name].map((each) => each.replaceAll(": ", ", ")).join(" / ");
      if (data.skip !== undefined && data.skip !== false) yield `skip ${name}: ${oneLine(data.skip)}\n`;
      else if (type === "test:pass") yield `ok ${name}\n`;
      else yield `not ok ${name}: ${reasonOf(data.details.error)}\n`;
    } else if (type === "test:stderr" || type === "test:stdout") {
      yield data.message.replace(/^(?=ok |not ok |skip )/gm, "# ");
    }
  }
}
