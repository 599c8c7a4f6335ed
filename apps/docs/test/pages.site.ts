import { existsSync, readdirSync, readFileSync } from "node:fs";
import type { Server } from "node:http";
import { createRequire } from "node:module";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { subjectName } from "@gpuvm/drivers";
import { BUGS } from "@gpuvm/scenarios";
import { studySubjects, WORKLOADS, wayOf } from "@gpuvm/study";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { OUT, serveSite } from "./serve.ts";

const CHROMIUM = process.env["GPUVM_CHROMIUM"] ?? "/usr/bin/chromium";
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** Every page that people come to by the menus; of the API one of each kind. */
const PAGES = [
  "index.html",
  "play/split-and-merge.html",
  "play/races.html",
  "play/yours.html",
  ...readdirSync(join(OUT, "guides"))
    .filter((name) => name.endsWith(".html"))
    .map((name) => `guides/${name}`),
  "api/index.html",
  "api/@gpuvm/core/index.html",
  "api/@gpuvm/core/classes/DrmGpuvm.html",
  "api/@gpuvm/policy-msm/index.html",
];

let url = "";
let server: Server;
let browser: Browser;

/** A tab that notes what it must not do. */
async function tab(
  width: number,
  colorScheme: "light" | "dark",
): Promise<{ page: Page; problems: string[] }> {
  const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme });
  const problems: string[] = [];
  page.on("pageerror", (error) => problems.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error") problems.push(message.text());
  });
  page.on("request", (request) => {
    if (!request.url().startsWith(url) && !/^(data|blob):/.test(request.url())) problems.push(request.url());
  });
  return { page, problems };
}

/** The repository's pages in the web: what they show is what is here. */
const REPOSITORY = /^https:\/\/github\.com\/gpuvm\/gpuvm\/(?:blob|tree|edit)\/main\/(.+?)(?:#.*)?$/;

/** Whether a link of a page leads somewhere. Of other sites' pages nothing is asked. */
function alive(page: string, href: string, html: ReadonlyMap<string, string>): boolean {
  const file = REPOSITORY.exec(href)?.[1];
  if (file !== undefined) return existsSync(new URL(`../../../${decodeURI(file)}`, import.meta.url));
  if (/^[a-z]+:/.test(href)) return true;
  const { pathname, hash } = new URL(href, `http://site/${page}`);
  const path = decodeURIComponent(pathname).slice(1);
  const target = [path, `${path}.html`, join(path, "index.html")].find(
    (name) => html.has(name) || (/\.\w+$/.test(name) && existsSync(join(OUT, name))),
  );
  if (target === undefined) return false;
  // A hash with a value is the state of what one tries there.
  const id = decodeURIComponent(hash.slice(1));
  return (
    id === "" || id.includes("=") || !html.has(target) || html.get(target)?.includes(`id="${id}"`) === true
  );
}

const LOOKS = [
  [1400, "light"],
  [1400, "dark"],
  [390, "light"],
  [390, "dark"],
] as const;

interface Axe {
  run: (
    context: object,
    options: object,
  ) => Promise<{ violations: { id: string; impact: string; nodes: { html: string }[] }[] }>;
}

/** What axe-core finds in a page that is serious or worse. */
async function seriousIn(page: Page): Promise<string[]> {
  if (!(await page.evaluate(() => "axe" in globalThis))) await page.addScriptTag({ content: AXE });
  return page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: Axe };
    const { violations } = await axe.run(
      // Sections of the theme's sidebar are buttons with a link and a button in them.
      { exclude: [".VPSidebar"] },
      {
        resultTypes: ["violations"],
        // The theme's search button shows its key beside its name.
        rules: { "label-content-name-mismatch": { enabled: false } },
      },
    );
    const shown = ({ html }: { html: string }) => html.slice(0, 160);
    return violations
      .filter(({ impact }) => impact === "serious" || impact === "critical")
      .map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map(shown).join(" | ")}`);
  });
}

/** Opens a page, and waits until it answers to what is done. */
async function open(page: Page, path: string): Promise<void> {
  await page.goto(path.startsWith("http") ? path : url + path);
  await page.waitForFunction(() => "__vue_app__" in (document.querySelector("#app") ?? {}));
}

describe.skipIf(!existsSync(CHROMIUM))("the site in a browser (skipped without chromium)", () => {
  beforeAll(async () => {
    ({ url, server } = await serveSite());
    const args = [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-background-networking",
      "--disable-component-update",
    ];
    browser = await chromium.launch({ executablePath: CHROMIUM, args });
  });
  afterAll(async () => {
    await browser.close();
    server.close();
  });

  it.each(PAGES)(
    "%s: in light and dark, at 1400 and 390 px, accessible, without scrolling sideways",
    async (path) => {
      const { page, problems } = await tab(1400, "light");
      await open(page, path);
      await page.addStyleTag({ content: "* { transition: none !important; animation: none !important }" });
      const found: Record<string, unknown> = {};
      for (const [width, scheme] of LOOKS) {
        await page.setViewportSize({ width, height: 900 });
        await page.emulateMedia({ colorScheme: scheme });
        await page.waitForFunction(
          (dark) => document.documentElement.classList.contains("dark") === dark,
          scheme === "dark",
        );
        const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        if (overflow > 0) found[`${width} ${scheme}: scrolls sideways by`] = overflow;
        const serious = await seriousIn(page);
        if (serious.length > 0) found[`${width} ${scheme}`] = serious;
      }
      await page.close();
      expect({ problems, ...found }).toEqual({ problems: [] });
    },
  );

  it.each(["leak", "reference loop", "knot", "vm_bo", "counterexample", "gpuvas"])(
    "the search finds %s",
    async (word) => {
      const { page } = await tab(1400, "light");
      await open(page, "index.html");
      await page.keyboard.press("Control+k");
      await page.getByRole("searchbox").fill(word);
      await page.waitForSelector(".VPLocalSearchBox .result", { timeout: 20_000 });
      expect(await page.locator(".VPLocalSearchBox .result").count()).toBeGreaterThan(0);
      await page.close();
    },
  );

  it("has no dead link: inside the site, to a place on a page, or to a file of the repository", () => {
    const pages = readdirSync(OUT, { recursive: true, encoding: "utf8" }).filter((name) =>
      name.endsWith(".html"),
    );
    const html = new Map(pages.map((path) => [path, readFileSync(join(OUT, path), "utf8")]));
    const dead: string[] = [];
    let seen = 0;
    for (const [path, text] of html)
      for (const [, href = ""] of text.matchAll(/<a[^>]* href="([^"]+)/g)) {
        seen++;
        if (!alive(path, href.replaceAll("&amp;", "&"), html)) dead.push(`${path} -> ${href}`);
      }
    expect(seen).toBeGreaterThan(pages.length);
    expect([...new Set(dead)]).toEqual([]);
  });

  it("leads to every guide, and to a page of every package with an example", () => {
    const index = readFileSync(join(OUT, "guides/getting-started.html"), "utf8");
    const guides = readdirSync(new URL("../guides", import.meta.url)).filter((name) => name.endsWith(".md"));
    expect(guides.filter((name) => !index.includes(`/guides/${name.replace(/md$/, "html")}`))).toEqual([]);
    const api = readFileSync(join(OUT, "api/index.html"), "utf8");
    for (const folder of readdirSync(new URL("../../../packages", import.meta.url))) {
      const name = `@gpuvm/${folder.replace(/^gpuvm-/, "")}`;
      expect(api).toContain(`/api/${name}/`);
      expect(readFileSync(join(OUT, "api", name, "index.html"), "utf8"), name).toContain(
        'class="language-ts',
      );
    }
  });

  it("the home page's script is small", async () => {
    const { page } = await tab(1400, "light");
    const scripts: Promise<Buffer>[] = [];
    page.on("response", (response) => {
      if (/\.js$/.test(new URL(response.url()).pathname)) scripts.push(response.body());
    });
    await page.goto(`${url}index.html`, { waitUntil: "networkidle" });
    const bytes = (await Promise.all(scripts)).reduce((sum, body) => sum + gzipSync(body).length, 0);
    await page.close();
    expect(bytes).toBeGreaterThan(10_000);
    expect(bytes).toBeLessThan(300_000);
  });
});

describe.skipIf(!existsSync(CHROMIUM))("what one can try (skipped without chromium)", () => {
  beforeAll(async () => {
    ({ url, server } = await serveSite());
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox", "--disable-gpu"] });
  });
  afterAll(async () => {
    await browser.close();
    server.close();
  });

  it("one object's life: by keyboard to the leak, and its address opens the same", async () => {
    const { page, problems } = await tab(1400, "light");
    await open(page, "index.html");
    await page.getByLabel("Driver").selectOption("msm");
    await page.getByLabel("Variant").selectOption("soft");
    await page.getByRole("radio", { name: "hard" }).check();
    const next = page.getByRole("button", { name: "Next step" });
    await next.focus();
    for (let i = 0; i < 7; i++) await page.keyboard.press("ArrowRight");
    const says = page.locator(".says");
    expect(await says.textContent()).toMatch(/^A leak: 2 objects and 1 VM left for ever/);
    expect(await next.isDisabled()).toBe(true);
    const { page: second } = await tab(390, "dark");
    await open(second, page.url());
    expect(await second.locator(".says").textContent()).toBe(await says.textContent());
    expect(problems).toEqual([]);
    await page.close();
    await second.close();
  });

  it("without script there is the first step, drawn, and what it says", async () => {
    const context = await browser.newContext({ javaScriptEnabled: false });
    const page = await context.newPage();
    await page.goto(`${url}index.html`);
    expect(await page.locator(".play svg[role=img] .node").count()).toBeGreaterThan(0);
    expect(await page.locator(".says").textContent()).not.toBe("");
    await context.close();
  });

  it("a cell of the study opens its experiment: by keyboard, by mouse, by address; Esc closes it", async () => {
    const { page, problems } = await tab(390, "light");
    await open(page, "guides/why-does-msm-need-that.html");
    const dialog = page.getByRole("dialog");
    const cell = page.locator('a.cell[href="#cell=W1/MERGED"]');
    expect(await cell.textContent()).toBe("waits 10 ms");
    await cell.focus();
    await page.keyboard.press("Enter");
    await page.waitForSelector(".cell .schedule");
    expect(await dialog.textContent()).toMatch(/W1 close before the job is done\s+MERGED/);
    await page.getByRole("button", { name: "Next wait" }).click();
    expect(await page.locator(".schedule .now").textContent()).toMatch(
      /closes its handle of buffer 1\s*10 ms\s*waits 10 ms/,
    );
    const held = await page.locator(".behind").textContent();
    await page.keyboard.press("End");
    expect(await page.locator(".behind").textContent()).not.toBe(held);
    expect(await page.locator(".behind").textContent()).toMatch(/Held now: 0 buffers, 0 VMs, 0 mappings/);
    const { page: second } = await tab(1400, "dark");
    await open(second, page.url());
    await second.waitForSelector(".cell .schedule");
    expect(await second.locator(".play.cell").textContent()).toBe(
      await page.locator(".play.cell").textContent(),
    );
    expect(await seriousIn(second)).toEqual([]);
    await page.keyboard.press("Escape");
    expect(await dialog.count()).toBe(0);
    expect(page.url()).not.toContain("#");
    expect(await page.evaluate(() => document.activeElement?.getAttribute("href"))).toBe("#cell=W1/MERGED");
    // What does not differ is folded.
    await page.locator('details:has(a[href="#cell=W8/MERGED"]) summary').click();
    await page.locator('a.cell[href="#cell=W8/MERGED"]').click();
    await dialog.getByText("This cannot be run: its programs bind nothing").waitFor();
    expect(problems).toEqual([]);
    await page.close();
    await second.close();
  });

  it("every cell of the study is a link to an experiment that can be run", async () => {
    const { page } = await tab(1400, "light");
    await open(page, "guides/why-does-msm-need-that.html");
    const tables = page.locator("table:has(a.cell)");
    expect(await tables.count()).toBe(7);
    const cells = await tables.locator("tbody td:not(:first-child)").count();
    const links = await page
      .locator("a.cell")
      .evaluateAll((all) => all.map((a) => a.getAttribute("href") ?? ""));
    expect(links).toHaveLength(cells);
    const names = studySubjects().map((subject) => wayOf(subjectName(subject)));
    expect(new Set(links)).toEqual(
      new Set(WORKLOADS.flatMap(({ id }) => names.map((way) => `#cell=${id}/${way}`))),
    );
    await page.close();
  });

  it("the reference loops are drawn: what nothing breaks, and what breaks it", async () => {
    const { page } = await tab(1400, "dark");
    await open(page, "guides/why-does-msm-need-that.html");
    const loops = page.locator(".loops");
    expect(await loops.locator("svg.right .tone-unbroken").count()).toBe(3);
    await loops.getByRole("button", { name: "msm:mainline hard" }).click();
    expect(await loops.locator("svg.right .tone-unbroken").count()).toBe(0);
    expect(await loops.locator("svg.right").textContent()).toMatch(/vma_ref reaching 0/);
    await page.close();
  });

  it("split and merge: by keyboard and by mouse the core answers otherwise", async () => {
    const { page, problems } = await tab(1400, "light");
    await open(page, "play/split-and-merge.html");
    const steps = page.locator(".steps");
    expect(await steps.textContent()).toMatch(/REMAP[\s\S]*prev \[10,13\)A@5 and next \[16,20\)A@11/);
    const request = page.getByRole("slider");
    await request.focus();
    await page.keyboard.press("ArrowLeft");
    expect(await steps.textContent()).toMatch(/prev \[10,12\)A@5 and next \[15,20\)A@10/);
    await page.keyboard.press("Shift+ArrowRight");
    expect(await steps.textContent()).toMatch(/next \[16,20\)A@11/);
    const box = await request.boundingBox();
    if (box === null) throw new Error("the request is not drawn");
    const y = box.y + box.height / 2;
    await page.mouse.move(box.x + box.width / 2, y);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 3, y, { steps: 8 });
    await page.mouse.up();
    expect(await steps.textContent()).not.toMatch(/REMAP/);
    const { page: second } = await tab(1400, "light");
    await open(second, page.url());
    expect(await second.locator(".steps").textContent()).toBe(await steps.textContent());
    expect(problems).toEqual([]);
    await page.close();
    await second.close();
  });

  it("a file of one's own: findings with lines, every policy, the report; a damaged one says where", async () => {
    const { page, problems } = await tab(1400, "light");
    await open(page, "play/yours.html");
    const file = page.locator("input[type=file]");
    await page.getByRole("button", { name: "a RADV hang" }).click();
    await page.waitForSelector(".findings .error");
    expect(await page.locator(".findings").textContent()).toMatch(/error\s+line \d+/);
    await page.getByRole("button", { name: "a trace-cmd text" }).click();
    await page.waitForSelector("iframe.report");
    for (const driver of ["msm", "nouveau", "xe", "panthor", "powervr"])
      expect(await page.locator(".play table thead").textContent()).toContain(driver);
    await file.setInputFiles({ name: "what.bin", mimeType: "", buffer: Buffer.from("no such format\n") });
    expect(await page.getByRole("alert").textContent()).toMatch(/what\.bin:1: the format is not known/);
    expect(problems).toEqual([]);
    await page.close();
  });

  it("every bug of the catalogue opens in both forms, with the commit that fixed it", async () => {
    const { page, problems } = await tab(1400, "dark");
    await open(page, "play/races.html");
    const rows = page.locator("table.bugs tbody tr");
    expect(await rows.locator("td:first-child").allTextContents()).toEqual(BUGS.map(({ id }) => id));
    const commits = await rows.locator('a[href^="https://git.kernel.org/"]').count();
    expect(commits).toBe(BUGS.filter(({ upstream }) => /\b[0-9a-f]{12}\b/.test(upstream)).length);
    await page.locator('a[href="#bug=M5"]').click();
    await page.getByText("M5, fixed: the same order").waitFor();
    expect(await page.locator(".story").count()).toBe(2);
    // The fixed form goes on: who submits, and the workers that run and free the job.
    expect(await page.locator(".story").nth(1).locator("thead th").count()).toBeGreaterThan(1);
    expect(problems).toEqual([]);
    await page.close();
  });

  it("races: a bug is found, its fixed form is not; stepped by keyboard; the address opens the same", async () => {
    const { page, problems } = await tab(1400, "light");
    await open(page, "play/races.html");
    await page.getByLabel(/^\s*Bug/).selectOption("X4");
    await page.getByRole("button", { name: "Search every order" }).click();
    await page.waitForSelector(".race");
    await page.getByText("X4, fixed", { exact: true }).waitFor();
    const sides = (await page.locator(".side").allTextContents()).map((text) => text.replace(/\s+/g, " "));
    expect(sides[0]).toMatch(/X4, with the bug after \d+ states: use-after-free/);
    expect(sides[1]).toMatch(/X4, fixed: explored to the end, \d+ states, nothing found/);
    const next = page.getByRole("button", { name: "Next step" });
    await next.focus();
    for (let i = 0; i < 40 && (await next.isEnabled()); i++) await page.keyboard.press("ArrowRight");
    expect(await next.isEnabled()).toBe(false);
    const [found, fixed] = await page.locator(".story").all();
    expect(await found?.locator(".says.leaks").textContent()).toMatch(/use-after-free/);
    expect(await fixed?.locator(".says").textContent()).toBe("Nothing is wrong so far.");
    expect(await found?.locator("svg.right .node").count()).toBeGreaterThan(2);
    const { page: second } = await tab(390, "dark");
    await open(second, page.url());
    await second.waitForSelector(".race");
    expect(await second.locator(".race").allTextContents()).toEqual(
      await page.locator(".race").allTextContents(),
    );
    expect(problems).toEqual([]);
    await page.close();
    await second.close();
  });
});
