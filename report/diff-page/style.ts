/** Style of the page: light and dark by what the reader's system says, one column on a phone, ink on paper. */
export const STYLE = `
:root{color-scheme:light dark;--ink:#1c2430;--soft:#5b6675;--paper:#fff;--card:#f6f7f9;--line:#d9dee5;--same:#c9d1db;--changed:#b45309;--only:#6d28d9;--less:#0f766e;--more:#b45309;--link:#1d4ed8}
@media(prefers-color-scheme:dark){:root{--ink:#e7ecf3;--soft:#a3afbf;--paper:#12161c;--card:#1b212a;--line:#333d4a;--same:#3d4957;--changed:#f59e0b;--only:#c4b5fd;--less:#2dd4bf;--more:#f59e0b;--link:#93c5fd}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:76rem;padding:1rem;font:1rem/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper)}
h1{font-size:1.4rem}h2{font-size:1.1rem;margin-top:2rem;border-bottom:1px solid var(--line)}h3{font-size:1rem}
a{color:var(--link)}a:focus-visible,input:focus-visible,summary:focus-visible,.scroll:focus-visible{outline:3px solid var(--link);outline-offset:2px}
.sides{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(20rem,100%),1fr));gap:1rem}
.side{background:var(--card);border:1px solid var(--line);border-radius:.4rem;padding:.75rem;min-width:0;overflow-wrap:anywhere}
.side dl{display:grid;grid-template-columns:max-content 1fr;gap:.1rem 1rem;margin:0}dt{color:var(--soft)}dd{margin:0}
.scroll{overflow-x:auto}table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
caption{text-align:left;color:var(--soft);padding:.3rem 0}
th,td{text-align:left;padding:.2rem .6rem;border-bottom:1px solid var(--line);vertical-align:top}
th[scope=row]{font-weight:500}.r{text-align:right;white-space:nowrap}.soft{color:var(--soft)}
.more{color:var(--more)}.less{color:var(--less)}.sr{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
.verdict{font-size:1.1rem;font-weight:600}
fieldset{border:0;padding:0;margin:0 0 .5rem;display:flex;gap:1.2rem;flex-wrap:wrap}legend{float:left;margin-right:1rem;color:var(--soft)}
.maps svg{width:100%;height:auto;display:block}.chip{fill:none;stroke:var(--line)}.name{fill:var(--soft);font-size:9px}
.core{stroke:var(--paper);stroke-width:.5}.s0{fill:var(--same)}.s1{fill:var(--changed)}.s2{fill:var(--only)}
.by-layer .core{fill:var(--c,var(--same))}.by-layer .s1,.by-layer .s2{stroke:var(--ink);stroke-width:1.2}
.legend{display:flex;flex-wrap:wrap;gap:.3rem 1rem;padding:0;list-style:none;font-size:.9rem}.key{display:inline-block;width:.9rem;height:.9rem;vertical-align:-.1rem;margin-right:.3rem;border-radius:2px}
#view-layer:not(:checked)~.by-layer,#view-change:not(:checked)~.by-change{display:none}
.choice{margin-right:.3rem}label{margin-right:1rem}
@media print{body{max-width:none}.choice,label{display:none}.scroll{overflow:visible}}
`;
