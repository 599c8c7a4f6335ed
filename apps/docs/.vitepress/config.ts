import { existsSync, readFileSync } from "node:fs";
import { defineConfig } from "vitepress";
import { focusableBlocks, repositoryLinks } from "./markdown.ts";
import { tables } from "./tables.ts";

const api = new URL("../api/typedoc-sidebar.json", import.meta.url);

export default defineConfig({
  title: "gpuvm",
  description: "An executable reference model of Linux's DRM GPUVM, and five drivers on it",
  lang: "en",
  outDir: "out",
  cleanUrls: false,
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
    search: { provider: "local" },
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
    ],
    sidebar: {
      "/guides/": [
        {
          text: "Begin",
          items: [
            { text: "Getting started", link: "/guides/getting-started" },
            { text: "The ideas in ten minutes", link: "/guides/ideas" },
            { text: "Why does msm need that?", link: "/guides/why-does-msm-need-that" },
          ],
        },
        {
          text: "Use it",
          items: [
            { text: "From your machine", link: "/guides/from-your-machine" },
            { text: "Record a program", link: "/guides/record" },
            { text: "Formats and features", link: "/guides/formats-and-features" },
            { text: "Formats that are read", link: "/guides/formats-read" },
            { text: "The command", link: "/guides/command" },
          ],
        },
        {
          text: "Build on it",
          items: [
            { text: "Writing a policy", link: "/guides/writing-a-policy" },
            { text: "Split and merge", link: "/guides/split-and-merge" },
            { text: "How it is fast", link: "/guides/how-it-is-fast" },
            { text: "Two ways through the code", link: "/guides/two-ways-through-the-code" },
          ],
        },
      ],
      "/api/": [{ text: "API", items: existsSync(api) ? JSON.parse(readFileSync(api, "utf8")) : [] }],
    },
  },
  vite: {
    resolve: { conditions: ["@gpuvm/source"] },
    worker: { format: "es" },
  },
});
