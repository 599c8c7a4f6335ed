/** The report's style sheet: light and dark as the reader's system says, a phone's width, paper. */
export const STYLE = `
:root{color-scheme:light dark;--paper:#fdfcfa;--ink:#1d1f24;--dim:#5d636e;--line:#dcd9d2;--card:#fff;--hole:#e9e6df;--link:#0b5cad;
--s0:#0072b2;--s1:#d55e00;--s2:#009e73;--s3:#b5559b;--s4:#b8860b;--s5:#3b8fc4;--s6:#7a5cc9;--s7:#6b7280}
@media (prefers-color-scheme:dark){:root{--paper:#15171b;--ink:#e8e6e1;--dim:#a0a5af;--line:#32363e;--card:#1c1f24;--hole:#2b2f36;--link:#7ab8f5;
--s0:#56a8e0;--s1:#f0853c;--s2:#2fc49a;--s3:#df8fc8;--s4:#e3b341;--s5:#8cc6ee;--s6:#a992ee;--s7:#9aa3b2}}
*{box-sizing:border-box}
body{margin:0 auto;padding:1.5rem clamp(.8rem,3vw,2.5rem) 4rem;max-width:96rem;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,"DejaVu Sans",sans-serif}
h1{font-size:1.7rem;line-height:1.2;margin:.2rem 0 .6rem}
h2{font-size:1.25rem;margin:2.6rem 0 .4rem;padding-top:.6rem;border-top:1px solid var(--line)}
h3{font-size:1rem;line-height:1.35;margin:0 0 .15rem}
h4{font-size:.9rem;margin:.8rem 0 .2rem}
a{color:var(--link)}
.lead{font-size:1.12rem;max-width:62rem}
.note,.meta,footer{color:var(--dim);font-size:.85rem;margin:.1rem 0 .6rem;max-width:62rem}
nav{display:flex;flex-wrap:wrap;gap:.2rem .9rem;font-size:.88rem;margin:1rem 0}
.figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,25rem),1fr));gap:1rem;margin-top:.8rem}
figure{margin:0;padding:.9rem 1rem;background:var(--card);border:1px solid var(--line);border-radius:.5rem;min-width:0}
figure svg{display:block;width:100%;max-width:40rem;height:auto;overflow:visible}
details{font-size:.85rem;margin-top:.5rem}
summary{cursor:pointer;color:var(--dim)}
.wide{overflow-x:auto}
.trace{border-top:1px solid var(--line);font-size:1rem;margin:0;padding:.5rem 0}
.figures{scroll-margin-top:6rem}
.trace>summary{color:inherit}
.trace>summary h2{display:inline;border:0;margin:0;padding:0;font-size:1.1rem}
table{border-collapse:collapse;font-size:.85rem;font-variant-numeric:tabular-nums;margin:.4rem 0}
th,td{padding:.22rem .6rem;text-align:right;border-bottom:1px solid var(--line);white-space:nowrap}
thead th{vertical-align:bottom;font-weight:600;color:var(--dim);white-space:normal}
th:first-child{text-align:left;padding-left:0;position:sticky;left:0;background:var(--paper)}
figure th:first-child{background:var(--card)}
tbody th{font-weight:500}
footer th,footer td{white-space:normal;text-align:left;vertical-align:top}
.matrix td{background:color-mix(in srgb,var(--s1) var(--shade),transparent)}
.matrix td.native{outline:1.5px solid var(--ink);outline-offset:-2px}
code{font:.85em ui-monospace,"DejaVu Sans Mono",monospace;background:var(--hole);padding:.05em .3em;border-radius:.2em}
.chains ul{margin:.2rem 0;padding-left:1.1rem;font-size:.85rem}
.chains li{margin:.25rem 0}
.held{color:var(--dim)}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.2rem 1rem;font-size:.88rem;max-width:62rem}
dt{font-weight:600}dd{margin:0}
@media (max-width:36rem){th:first-child{position:static;white-space:normal;overflow-wrap:anywhere;min-width:7rem}th,td{padding:.22rem .4rem}dl{grid-template-columns:1fr}dd{margin-bottom:.4rem}h1{font-size:1.35rem}.lead{font-size:1rem}figure{padding:.7rem .6rem}}
@media print{:root{color-scheme:light}body{max-width:none;padding:0;font-size:11px}nav{display:none}figure{break-inside:avoid}h2,h3{break-after:avoid}.figures{grid-template-columns:1fr 1fr}}
`;
