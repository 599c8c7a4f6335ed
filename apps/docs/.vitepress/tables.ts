import type { MarkdownRenderer } from "vitepress";

type Token = ReturnType<MarkdownRenderer["parse"]>[number];

/** Tables that fit a phone need another form when they have this many columns. */
const WIDE = 3;

/** ... and are set closer when they have this many. */
const DENSE = 7;

/** Blocks of the page of the answer whose cells are experiments, by the marker before them. */
const EXPERIMENTS = /<!-- begin (?:unended)?(?:nine|drivers|alike)(?:flat)? -->/;

/**
 * Tables: each cell of a wide one knows the head of its column, since on a phone a row is a card; each cell of the study opens
 * its experiment.
 */
export function tables(md: MarkdownRenderer): void {
  md.renderer.rules["table_open"] = (tokens, at, options, _env, self) => {
    tokens[at]?.attrSet("tabindex", "0");
    return self.renderToken(tokens, at, options);
  };
  md.core.ruler.push("tables", (state) => {
    let experiments = false;
    let cells: Cells | null = null;
    for (const [i, token] of state.tokens.entries()) {
      if (token.type === "html_block" && token.content.includes("<!-- "))
        experiments = EXPERIMENTS.test(token.content);
      else if (token.type === "table_open") cells = new Cells(token, experiments);
      else if (token.type === "table_close") cells = null;
      else cells?.take(token, state.tokens[i + 1]);
    }
    return true;
  });
}

class Cells {
  readonly #heads: string[] = [];
  readonly #table: Token;
  readonly #experiments: boolean;
  #column = -1;
  #row = "";

  constructor(table: Token, experiments: boolean) {
    this.#table = table;
    this.#experiments = experiments;
  }

  take(token: Token, inline: Token | undefined): void {
    const text = inline?.content ?? "";
    if (token.type === "tr_open") this.#column = -1;
    if (token.type === "th_open") this.#head(text);
    if (token.type !== "td_open") return;
    this.#column++;
    if (this.#column === 0) this.#row = text.split(" ", 1)[0] ?? "";
    const head = this.#heads[this.#column] ?? "";
    if (this.#heads.length >= WIDE && head !== "") token.attrSet("data-label", head);
    if (this.#experiments && this.#column > 0 && inline !== undefined) link(inline, this.#row, head);
  }

  #head(text: string): void {
    this.#heads.push(text.replaceAll("`", ""));
    if (this.#heads.length === WIDE) this.#table.attrJoin("class", "cards");
    if (this.#heads.length === DENSE) this.#table.attrJoin("class", "dense");
  }
}

/** As HTML, since what is no heading's name is not taken for a link's hash. */
function link(inline: Token, workload: string, way: string): void {
  const bad =
    /leak|fault|dangling|stale|breaks|goes/i.test(inline.content) && !/^0 leaked/.test(inline.content);
  const name = `${workload} ${way}: ${inline.content.replaceAll('"', "")}`;
  const open = make(
    inline,
    `<a class="cell${bad ? " bad" : ""}" href="#cell=${workload}/${way}" aria-label="${name}">`,
  );
  inline.children = [open, ...(inline.children ?? []), make(inline, "</a>")];
}

function make(like: Token, html: string): Token {
  const token = new (like.constructor as new (type: string, tag: string, nesting: 0) => Token)(
    "html_inline",
    "",
    0,
  );
  token.content = html;
  return token;
}
