// The demo page in Chromium against a running server: events arrive, the plug is pulled in every way there is,
// and the page catches up. Screenshots go to $ARTIFACTS.
import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, describe, test } from "node:test";
import { chromium } from "playwright-core";
import { entryEvent, fileEvent, head, log, post, session, until, url } from "./support/server.mjs";

const artifacts = process.env.ARTIFACTS ?? join(tmpdir(), "hubtrail-page");
const kFlags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync"];
const kDesk = { width: 1280, height: 900 };
const kRecordEnd = "\u001e";
const kPhone = { width: 360, height: 740 };

let browser; // one Chromium with a profile of its own; every test gets a tab, and with it a new sessionStorage
let profile;
let page;
let complaints;

const shown = (id) => page.locator(`#${id}`).textContent();
const figure = async (id) => Number((await shown(id)).replaceAll(",", ""));
const state = () => page.locator("#state").getAttribute("data-state");
const rows = () => page.locator("#timeline li[data-pos]");
const shownPositions = () => rows().evaluateAll((list) => list.map((row) => Number(row.dataset.pos)));
const live = () => until("the page is live", async () => (await state()) === "live");
const reached = (pos) => until(`the page reaches position ${pos}`, async () => (await figure("position")) >= pos);

// Every event that the token may see, and not one more, is on the page.
async function assertProven() {
  const events = await log();
  await reached(await head());
  assert.equal((await shown("proof-line")).replaceAll(",", ""), `${events.length} event${events.length === 1 ? "" : "s"} 0 missing 0 doubled 0 out of order`);
  assert.equal(await page.locator("#proof").getAttribute("data-ok"), "true");
}

async function assertNewestFirst(wanted) {
  const positions = await shownPositions();
  assert.deepEqual(positions, [...positions].sort((a, b) => b - a));
  for (const pos of wanted) assert.ok(positions.includes(pos), `position ${pos} is in the timeline`);
}

async function open(viewport = kDesk, prepare = async () => {}) {
  page = await browser.newPage();
  complaints = [];
  page.on("console", (message) => { if (["error", "warning"].includes(message.type())) complaints.push(message.text()); });
  page.on("pageerror", (error) => complaints.push(error.message));
  await page.setViewportSize(viewport);
  await page.emulateMedia({ colorScheme: "light", reducedMotion: "reduce" });
  await prepare(page);
  await page.goto(`${url}/`);
  await live();
}

before(async () => {
  await mkdir(artifacts, { recursive: true });
  profile = await mkdtemp(join(tmpdir(), "hubtrail-chromium-"));
  browser = await chromium.launchPersistentContext(profile, { executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: kFlags });
});
after(async () => {
  await browser?.close();
  await rm(profile, { recursive: true, force: true, maxRetries: 5 });
});
afterEach(async () => {
  await page?.close();
});

describe("the page", () => {
  test("an empty log invites to fill it, with commands for a terminal", async () => {
    const pos = await head();
    await open(kDesk, async (tab) => { // a page that is told of no event, whatever other tests have stored
      await tab.route("**/api/v1/sync/cursor", async (route) => {
        const answer = await route.fetch();
        await route.fulfill({ response: answer, json: { ...(await answer.json()), last_pos: 0 } });
      });
      await tab.routeWebSocket(/\/v1\/hub\/changes/, (socket) => {
        const server = socket.connectToServer();
        server.onMessage((message) => {
          const kept = String(message).split(kRecordEnd).filter((record) => !record.includes('"k":"batch"')).join(kRecordEnd);
          if (kept) socket.send(kept);
        });
      });
    });
    assert.equal(await head(), pos);
    assert.ok(await page.locator("#empty").isVisible());
    for (const [id, verb] of [["try-watch", "hubtrail watch"], ["try-feed", "hubtrail demo-feed"], ["try-curl", "curl"]]) {
      assert.match(await shown(id), new RegExp(verb));
      assert.ok(!(await shown(id)).includes(session.token), "the token is shortened on the screen");
    }
    await page.screenshot({ path: join(artifacts, "empty-light.png") });
    await page.emulateMedia({ colorScheme: "dark" });
    await page.setViewportSize(kPhone);
    await page.screenshot({ path: join(artifacts, "empty-phone-dark.png"), fullPage: true });
    assert.deepEqual(complaints, []);
  });

  test("copies a command with the whole token", async () => {
    await browser.grantPermissions(["clipboard-read", "clipboard-write"], { origin: url });
    await open();
    await page.locator("#try").evaluate((details) => { details.open = true; });
    await page.locator('[data-copy="try-curl"]').click();
    const command = await page.evaluate(() => navigator.clipboard.readText());
    assert.match(command, /^curl /);
    assert.match(command, /Bearer [\w-]+\.[\w-]+\.[\w-]+'/);
    assert.deepEqual(complaints, []);
  });

  test("shows events as sentences, newest first, as text and nothing else", async () => {
    await open();
    const wanted = await post(
      fileEvent("/a/y.txt", { type: "file.renamed", change_type: "renamed", old_path: "/a/x.txt" }),
      entryEvent("Lobby", "Guest 12"),
      fileEvent("/<img src=x onerror=alert(1)>.txt"),
      { stream: "incidents", type: "incident.door_left_open_alarm", site_id: session.site, data: { door: "Garage" } },
      { stream: "notes", type: "note.added", site_id: session.site },
    );
    await reached(wanted.at(-1));
    await assertNewestFirst(wanted);
    const said = await page.locator("#timeline .what").allTextContents();
    assert.deepEqual(said.slice(0, 5), ["notes: added", "Door Garage: door left open alarm", "created /<img src=x onerror=alert(1)>.txt",
      "Door Lobby: access granted to Guest 12", "renamed /a/x.txt \u2192 /a/y.txt"]);
    assert.equal(await page.locator("#timeline img").count(), 0);
    await assertProven();
    assert.deepEqual(complaints, []);
  });

  test("makes events by its own button, and counts them", async () => {
    await open();
    const start = await head();
    await page.locator("#make-event").click();
    await reached(start + 1);
    await page.locator("#make-burst").click();
    await reached(start + 101);
    await assertProven();
    assert.equal(await figure("head"), start + 101);
  });

  test("keeps at most 300 rows of a long log", async () => {
    await post(...Array.from({ length: 700 }, (_, i) => fileEvent(`/bulk/${i}.txt`)));
    await open();
    await reached(await head());
    await until("the rows are drawn", async () => (await rows().count()) === 300);
    await assertNewestFirst([await head()]);
    await assertProven();
  });

  test("finds that REST and the hub agree", async () => {
    await open();
    const [pos] = await post(fileEvent("/agree.txt"));
    await until("the second reader has caught up", async () => (await shown("rest-page")).replaceAll(",", "").includes(`to ${pos}`));
    assert.equal(await page.locator("#rest-agree").getAttribute("data-agree"), "yes");
    assert.match(await shown("rest-asked"), /cursor=c1\.|since=earliest/);
  });

  const plugs = [
    ["plug-drop", "a dropped socket", "Socket dropped"],
    ["plug-stream", "a stopped stream", "Stream stopped"],
    ["plug-offline", "five seconds offline", "Offline"],
    ["plug-reload", "a reload", "Page reloaded"],
  ];
  for (const [id, what, said] of plugs) {
    test(`misses nothing over ${what}`, async () => {
      await open();
      await post(fileEvent(`/before-${id}.txt`));
      await page.locator(`#${id}`).click();
      const wanted = await post(fileEvent(`/during-${id}-1.txt`), entryEvent("Archive", "Guest 7"), fileEvent(`/during-${id}-2.txt`));
      await until("the page says that it is live again", async () => (await shown("plug-result")).startsWith(`${said} at position`) && (await shown("plug-result")).includes("live again"));
      await live();
      await reached(wanted.at(-1));
      await assertNewestFirst(wanted);
      await assertProven();
      assert.deepEqual(complaints, []);
    });
  }

  test("says that it is offline while it is", async () => {
    await open();
    await page.locator("#plug-offline").click();
    await until("the page is offline", async () => (await state()) === "offline");
    const position = await figure("position");
    const [pos] = await post(fileEvent("/unseen.txt"));
    assert.ok(position < pos);
    assert.equal(await figure("position"), position);
    await page.screenshot({ path: join(artifacts, "offline-light.png") });
    await live();
    await reached(pos);
    await assertProven();
  });

  test("misses nothing when cut again and again under load", async () => {
    await open();
    for (let round = 0; round < 5; round += 1) {
      await post(...Array.from({ length: 200 }, (_, i) => fileEvent(`/load/${round}/${i}.txt`)));
      await page.locator("#plug-drop").click();
      await post(...Array.from({ length: 200 }, (_, i) => fileEvent(`/load/${round}/again-${i}.txt`)));
      await live();
    }
    await reached(await head());
    await assertProven();
    assert.deepEqual(complaints, []);
  });

  test("turns the proof red when a batch is kept from it, and heals from its own cursor", async () => {
    let swallow = 0;
    await open(kDesk, (tab) => tab.routeWebSocket(/\/v1\/hub\/changes/, (socket) => {
      const server = socket.connectToServer();
      server.onMessage((message) => {
        const kept = String(message).split(kRecordEnd).filter((record) => {
          if (swallow === 0 || !record.includes('"k":"batch"')) return true;
          swallow -= 1;
          return false;
        });
        if (kept.some((record) => record !== "")) socket.send(kept.join(kRecordEnd));
      });
    }));
    await page.evaluate(() => {
      window.seenRed = [];
      new MutationObserver(() => {
        if (document.getElementById("proof").dataset.ok === "false") window.seenRed.push(document.getElementById("proof-line").textContent);
      }).observe(document.getElementById("proof"), { attributes: true });
    });
    swallow = 1;
    await post(fileEvent("/swallowed.txt"));
    await until("the batch is swallowed", () => swallow === 0);
    const [pos] = await post(fileEvent("/next.txt"));
    await reached(pos);
    const red = await page.evaluate(() => window.seenRed);
    assert.match(red[0], /, 1 missing, 0 doubled, 0 out of order$/);
    assert.match(await shown("proof-note"), /1 gap seen and fetched again/);
    await assertProven();
  });

  for (const [scheme, size, viewport] of [["light", "desk", kDesk], ["dark", "desk", kDesk], ["light", "phone", kPhone], ["dark", "phone", kPhone]]) {
    test(`is readable: ${scheme}, on a ${size}`, async () => {
      await open(viewport);
      await page.emulateMedia({ colorScheme: scheme, reducedMotion: "reduce" });
      await post(fileEvent("/Projects/2026/harbour/plans/ground floor.pdf"), entryEvent("Lobby", "Guest 12"),
        { stream: "entries", type: "entry.denied", site_id: session.site, data: { door: "Server room", person: "Courier 4" } },
        fileEvent("/Projects/2026/harbour/plans/first floor.pdf", { type: "file.updated" }),
        { stream: "incidents", type: "incident.door_left_open_alarm", site_id: session.site, data: { door: "Loading bay" } },
        fileEvent("/Projects/archive/minutes.txt", { type: "file.moved", old_path: "/Projects/2026/minutes.txt" }),
        fileEvent("/Projects/2026/draft.tmp", { type: "file.deleted" }));
      await page.locator("#plug-drop").click();
      await until("the page is live again", async () => (await shown("plug-result")).includes("live again"));
      await page.locator("#make-event").click();
      await reached(await head());
      await until("REST agrees", async () => (await page.locator("#rest-agree").getAttribute("data-agree")) === "yes");
      await page.screenshot({ path: join(artifacts, `${size}-${scheme}.png`) });
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      assert.equal(wide, 0, "nothing sticks out sideways");
      assert.deepEqual(complaints, []);
    });
  }

  test("can be worked by keyboard, with the focus in sight", async () => {
    await open();
    await page.locator("#make-event").focus();
    await page.keyboard.press("Tab");
    await page.keyboard.press("Shift+Tab");
    assert.notEqual(await page.locator("#make-event").evaluate((node) => getComputedStyle(node).outlineStyle), "none");
    const start = await head();
    await page.keyboard.press("Enter");
    await reached(start + 1);
  });

  test("asks nobody but its own server, and honours a strict content policy", async () => {
    const asked = new Set();
    await open(kDesk, async (tab) => { tab.on("request", (request) => asked.add(new URL(request.url()).origin)); });
    assert.deepEqual([...asked], [new URL(url).origin]);
    const inline = await page.evaluate(() => document.querySelectorAll("script:not([src]), style, [style], [onclick]").length);
    assert.equal(inline, 0);
  });
});
