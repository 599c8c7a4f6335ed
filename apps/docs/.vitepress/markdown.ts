import { existsSync, readFileSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { MarkdownRenderer } from "vitepress";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const SITE = fileURLToPath(new URL("..", import.meta.url));
const { homepage } = JSON.parse(readFileSync(resolve(ROOT, "package.json"), "utf8")) as { homepage: string };
/** The repository in the web. */
export const web: string = homepage.replace(/#.*/, "");

/**
 * Links of a guide to files of the repository work where the guide is read: in a clone as they stand, on the site as links to
 * the repository's pages. One that leads to no file ends the build.
 */
export function repositoryLinks(md: MarkdownRenderer): void {
  const plain = md.renderer.rules["link_open"];
  md.renderer.rules["link_open"] = (tokens, at, options, env, self) => {
    const token = tokens[at];
    const href = token?.attrGet("href") ?? "";
    const outside = outsideOfSite(href, (env as { path?: string }).path);
    if (token !== undefined && outside !== null) token.attrSet("href", outside);
    return plain?.(tokens, at, options, env, self) ?? self.renderToken(tokens, at, options);
  };
}

function outsideOfSite(href: string, page: string | undefined): string | null {
  if (page === undefined || href === "" || /^([a-z]+:|#|\/)/.test(href)) return null;
  const [path = ""] = href.split("#", 1);
  const target = resolve(dirname(page), path);
  const inSite = !relative(SITE, target).startsWith("..");
  const isPage = /\.(md|html)$/.test(path) || !/\.\w+$/.test(path);
  if (inSite && isPage) return null;
  if (!existsSync(target)) throw new Error(`${page}: the link to ${href} leads to no file of the repository`);
  return `${web}/blob/main/${relative(ROOT, target).replaceAll("\\", "/")}`;
}

/** Blocks that are scrolled sideways can be, by keyboard, too. */
export function focusableBlocks(md: MarkdownRenderer): void {
  const plain = md.renderer.rules["code_block"];
  if (plain === undefined) return;
  md.renderer.rules["code_block"] = (...args) => plain(...args).replace("<pre", '<pre tabindex="0"');
}
