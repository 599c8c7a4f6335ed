import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { subjectNamed } from "@gpuvm/drivers";
import { type Results, type RunResult, replayOne, runResult } from "@gpuvm/results";
import { loadTrace, shippedTraces } from "@gpuvm/trace/node";
import { openWorkload, sourceOf } from "@gpuvm/workloads";
import { chromium } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { resultsFile, runOf } from "../../results/test/results-fixture.ts";
import { reportHtml } from "../src/report-html.ts";

const CHROMIUM = process.env["GPUVM_CHROMIUM"] ?? "/usr/bin/chromium";
const OPTIONS = { audit: true, lockdep: false, repeat: 1, portrait: true, now: () => 0 } as const;

let dir = "";
let results: Results;
let html = "";
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "gpuvm-report-"));
  const [shipped] = shippedTraces().filter(({ name }) => name.includes("glmark2"));
  const glmark = sourceOf("panthor-gl-glmark2", await loadTrace(shipped?.path ?? ""));
  const runs: RunResult[] = [];
  for (const source of [glmark, openWorkload("bad-close:seconds=2", 1)]) {
    for (const name of ["msm:soft", "msm:hard-naive", "panthor", "powervr"]) {
      runs.push(runResult(await replayOne(source, subjectNamed(name), OPTIONS)));
    }
  }
  results = resultsFile(...runs);
  html = reportHtml([{ name: "test", results }]);
}, 120_000);
afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe("the report", () => {
  it("is one page that fetches nothing and runs no script", () => {
    expect(html).not.toMatch(/<script|<link|<img|@import|url\(|src=/);
    expect(html).not.toMatch(/https?:\/\/(?!www\.w3\.org)/);
    expect(html).toMatch(/prefers-color-scheme:dark/);
  });

  it("is the same for the same results", () => {
    expect(reportHtml([{ name: "test", results }])).toBe(html);
  });

  it("says in the first sentence who leaves what behind, and shows the chain of holders", () => {
    expect(html).toMatch(/<p class="lead">msm:hard-naive leaves [\d,]+ buffers and \d+ VMs? behind/);
    expect(html).toMatch(/<code>bo#\d+<\/code> \([^)]+\) <span class="held">is held by<\/span> <code>vm_bo#/);
  });

  it("has a finding, a picture and the numbers for each kind of figure", () => {
    const figures = html.split("<figure>").slice(1);
    // Where nothing is left, that is a line and no figure.
    expect(figures.length).toBeGreaterThanOrEqual(11);
    for (const figure of figures) {
      expect(figure).toMatch(/<h3>[^<]{20,}<\/h3>/);
      expect(figure).toContain("<summary>The numbers</summary>");
    }
    expect(html).not.toMatch(/NaN|undefined|Infinity|\[object/);
  });

  it("draws the curve as high as the figure says", () => {
    for (const { portrait, retained_bytes_peak: peak } of results.runs) {
      expect(Math.max(...(portrait?.series.retained_bytes ?? []))).toBeGreaterThanOrEqual(peak);
      expect(portrait?.series.t_ms.length).toBeLessThanOrEqual(400);
    }
  });

  it("takes what a file may hold for text, not for markup", () => {
    const evil = runOf({ trace: "<script>alert(1)</script>", program: '"><img src=x>' });
    const page = reportHtml([{ name: "<b>", results: resultsFile(evil) }]);
    expect(page).not.toMatch(/<script>|<img|<b>/);
  });

  it("sets the same replay of two files side by side", () => {
    const page = reportHtml([
      { name: "before", results },
      { name: "after", results },
    ]);
    expect(page).toContain("powervr:mainline (before)");
    expect(page).toContain("powervr:mainline (after)");
  });
});

const SCREENS = [
  ["desk, light", "light", 1280],
  ["desk, dark", "dark", 1280],
  ["phone, light", "light", 390],
  ["phone, dark", "dark", 390],
] as const;

// Without a browser there is nothing to look at: GPUVM_CHROMIUM says where one is.
describe.skipIf(!existsSync(CHROMIUM))("in a browser (skipped without chromium)", () => {
  it.each(SCREENS)(
    "%s: fits, is readable, and can be photographed",
    async (name, colorScheme, width) => {
      const page = join(dir, "report.html");
      writeFileSync(page, html);
      const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
      try {
        const tab = await browser.newPage({
          viewport: { width, height: 900 },
          colorScheme,
          offline: true,
        } as never);
        const problems: string[] = [];
        tab.on("pageerror", (error) => problems.push(String(error)));
        tab.on("request", (request) => {
          if (!request.url().startsWith("file:")) problems.push(request.url());
        });
        await tab.goto(pathToFileURL(page).href);
        const seen = (await tab.evaluate(`(() => {
        const luminance = (c) => { const [r, g, b] = c.match(/[\\d.]+/g).map(Number); return (r * 299 + g * 587 + b * 114) / 1000; };
        const style = getComputedStyle(document.body);
        const texts = [...document.querySelectorAll("svg text")].map((t) => t.getBoundingClientRect().height);
        return {
          overflow: document.documentElement.scrollWidth - innerWidth,
          contrast: Math.abs(luminance(style.color) - luminance(style.backgroundColor)),
          dark: luminance(style.backgroundColor) < 128,
          empty: [...document.querySelectorAll("svg")].filter((s) => s.getBoundingClientRect().height < 60).length,
          smallest: Math.min(...texts),
        };
      })()`)) as { overflow: number; contrast: number; dark: boolean; empty: number; smallest: number };
        expect(problems).toEqual([]);
        expect(seen.overflow).toBeLessThanOrEqual(0);
        expect(seen.contrast).toBeGreaterThan(150);
        expect(seen.dark).toBe(colorScheme === "dark");
        expect(seen.empty).toBe(0);
        expect(seen.smallest).toBeGreaterThan(7);
        const shots = process.env["GPUVM_SCREENSHOTS"] ?? dir;
        const shot = join(shots, `report-${name.replaceAll(/\W+/g, "-")}.png`);
        await tab.screenshot({ path: shot, fullPage: true });
        expect(statSync(shot).size).toBeGreaterThan(20_000);
      } finally {
        await browser.close();
      }
    },
    60_000,
  );
});
