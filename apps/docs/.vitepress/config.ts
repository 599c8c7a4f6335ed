import { existsSync, readFileSync } from "node:fs";
import { defineConfig } from "vitepress";
import { focusableBlocks, repositoryLinks, web } from "./markdown.ts";
import { tables } from "./tables.ts";

const api = new URL("../api/typedoc-sidebar.json", import.meta.url);
const command = new URL("../../bench/package.json", import.meta.url);
const { version } = JSON.parse(readFileSync(command, "utf8")) as { version: string };

/** A package's page lists what is in it: with all of that here, every page of the site would be three times as large. */
function packages(): { text: string; link: string }[] {
  if (!existsSync(api)) return [];
  const all = JSON.parse(readFileSync(api, "utf8")) as { text: string; link: string }[];
  return all.map(({ text, link }) => ({ text, link }));
}

/** A guide, if it is there. */
function guide(text: string, name: string): { text: string; link: string }[] {
  const file = new URL(`../guides/${name}.md`, import.meta.url);
  return existsSync(file) || name === "command" ? [{ text, link: `/guides/${name}` }] : [];
}

export default defineConfig({
  title: "gpuvm",
  description: "An executable reference model of Linux's DRM GPUVM, and five drivers on it",
  lang: "en",
  outDir: "out",
  cleanUrls: false,
  // What is generated is edited elsewhere.
  transformPageData: ({ relativePath, frontmatter }) =>
    /^api\/|^guides\/command\.md$/.test(relativePath)
      ? { frontmatter: { ...frontmatter, editLink: false } }
      : {},
  srcExclude: ["**/README.md"],
  markdown: {
    theme: { light: "github-light-high-contrast", dark: "github-dark-high-contrast" },
    config: (md) => {
      repositoryLinks(md);
      focusableBlocks(md);
      tables(md);
    },
  },
  head: [["link", { rel: "icon", type: "image/svg+xml", href: "/favicon.svg" }]],
  themeConfig: {
    search: {
      provider: "local",
      options: {
        // A page is found by other words for what it is about, too (`aliases` in its front matter).
        _render(source, env, md) {
          const html = md.render(source, env);
          const { aliases } = (env.frontmatter ?? {}) as { aliases?: readonly string[] };
          return aliases === undefined ? html : html.replace("</h1>", `</h1>\n<p>${aliases.join(" ")}</p>`);
        },
      },
    },
    editLink: { pattern: `${web}/edit/main/apps/docs/:path`, text: "Edit this page" },
    footer: {
      message: `gpuvm ${version}. MIT licence. Everything here runs in your browser; nothing is sent anywhere.`,
    },
    outline: { level: [2, 3] },
    nav: [
      { text: "Why does msm need that?", link: "/guides/why-does-msm-need-that" },
      { text: "Guides", link: "/guides/getting-started" },
      {
        text: "Try it",
        items: [
          { text: "One object's life", link: "/" },
          { text: "Split and merge", link: "/play/split-and-merge" },
          { text: "Races", link: "/play/races" },
          { text: "Your own file", link: "/play/yours" },
        ],
      },
      { text: "API", link: "/api/" },
      { text: version === "0.0.0" ? "not released yet" : version, link: `${web}/releases` },
    ],
    sidebar: {
      "/guides/": [
        {
          text: "Begin",
          items: [
            ...guide("Getting started", "getting-started"),
            ...guide("The ideas in ten minutes", "ideas"),
            ...guide("Why does msm need that?", "why-does-msm-need-that"),
          ],
        },
        {
          text: "Use it",
          items: [
            ...guide("From your machine", "from-your-machine"),
            ...guide("Record a program", "record"),
            ...guide("Formats and features", "formats-and-features"),
            ...guide("Formats that are read", "formats-read"),
            ...guide("The command", "command"),
            ...guide("What is trusted", "what-is-trusted"),
          ],
        },
        {
          text: "Build on it",
          items: [
            ...guide("Writing a policy", "writing-a-policy"),
            ...guide("Split and merge", "split-and-merge"),
            ...guide("How it is fast", "how-it-is-fast"),
            ...guide("Two ways through the code", "two-ways-through-the-code"),
          ],
        },
      ],
      "/api/": [{ text: "API", link: "/api/", items: packages() }],
    },
  },
  vite: {
    resolve: { conditions: ["@gpuvm/source"] },
    worker: { format: "es" },
  },
});
