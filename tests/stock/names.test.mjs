// Names of members and enumerations as the stock client sees them: JSON in camelCase or as they are, with the numbers of
// enumerations; MessagePack as they are, with the names of enumerations.
import assert from "node:assert/strict";
import { collected, connect, failure, noNames, received, Subject, test, until, within } from "./support.mjs";

const whole = (color, edge, palette) => ({ Label: "ä", FillColor: color, Edge: edge, Palette: palette, ZLevel: 1,
  URLOfImage: "/x", Corner: { X: 1, yAxis: -2 } });
const bare = (color, palette) => ({ Label: "", FillColor: color, Edge: null, Palette: palette, ZLevel: 0, URLOfImage: "", Corner: null });
const numbers = { red: 0, green: 1, blue: 7 };
const names = { red: "Red", green: "Green", blue: "DarkBlue" };

const kCamel = { Label: "label", FillColor: "fillColor", Edge: "edge", Palette: "palette", ZLevel: "zLevel", URLOfImage: "urlOfImage",
  Corner: "corner", X: "x", yAxis: "yAxis" };
const asTheyAre = (value) => value;
const inCamelCase = (value) => (value === null || typeof value !== "object" || Array.isArray(value) ? value
  : Object.fromEntries(Object.entries(value).map(([name, each]) => [kCamel[name], inCamelCase(each)])));

for (const { path, protocol, colors, named } of [
  { path: "/names", protocol: "json", colors: numbers, named: inCamelCase },
  { path: "/names-unchanged", protocol: "json", colors: numbers, named: asTheyAre },
  { path: "/names", protocol: "messagepack", colors: names, named: asTheyAre },
  { path: "/names-unchanged", protocol: "messagepack", colors: names, named: asTheyAre },
]) {
  const { red, green, blue } = colors;
  const shape = whole(green, blue, [red, blue, red]);

  test(`${path} ${protocol}: arguments, results, sends, streams, uploads and client results have these names`, { skip: noNames }, async () => {
    const hub = await connect({ path, protocol });
    const shapes = received(hub, "Shape");
    const asked = [];
    hub.on("Draw", (color) => { asked.push(color); return named({ ...shape, FillColor: color }); });
    for (const color of [red, green, blue]) assert.equal(await hub.invoke("EchoColor", color), color);
    const given = await hub.invoke("EchoShape", named(shape));
    assert.deepEqual(given, named(shape));
    assert.deepEqual(Object.keys(given), Object.keys(named(shape)), "in the order of their declaration");
    assert.deepEqual(await hub.invoke("EchoShape", named({ FillColor: blue })), named(bare(blue, [])));
    await hub.invoke("SendShape", named(shape));
    await until(() => shapes.length === 1, "the shape");
    assert.deepEqual(shapes, [[named(shape), green]]);
    assert.deepEqual(await collected(hub.stream("Colors")), { items: [red, green, blue], error: null });
    const upload = new Subject();
    const palette = hub.invoke("Palette", upload);
    for (const color of [blue, red]) upload.next(color);
    upload.complete();
    assert.deepEqual(await within(palette, "the palette"), named(bare(red, [blue, red])));
    assert.deepEqual(await within(hub.invoke("AskShape", blue), "the result"), named({ ...shape, FillColor: blue }));
    assert.deepEqual(asked, [blue]);
  });

  test(`${path} ${protocol}: names are read ${protocol === "json" ? "in any case" : "as they are only"}`, { skip: noNames }, async () => {
    const hub = await connect({ path, protocol });
    const upper = { LABEL: "a", FILLCOLOR: blue, fillcolor: green, nobody: [{ knows: "it" }] };
    const read = protocol === "json" ? { ...bare(green, []), Label: "a" } : bare(red, []);
    assert.deepEqual(await hub.invoke("EchoShape", upper), named(read));
  });

  test(`${path} ${protocol}: a color that is none is an error of the call`, { skip: noNames }, async () => {
    const hub = await connect({ path, protocol });
    const text = "Error binding arguments\\.";
    for (const wrong of ["Purple", "", null, 0.5, [red], {}]) {
      assert.match(await failure(hub.invoke("EchoColor", wrong)), new RegExp(`^Failed to invoke 'EchoColor' due to an error on the server\\. InvalidDataException: ${text}`),
        JSON.stringify(wrong));
    }
    assert.equal(await hub.invoke("EchoColor", green), green);
  });
}
