/** The style of the report page: light and dark by the reader's setting, one column on a phone, black on white on paper. */

const LIGHT = '--paper:#fcfcfa;--text:#1d2126;--soft:#5c6570;--line:#dfe2e4;--cell:#eceeef;--spiking:#1f6f8b;--other:#b4572a;color-scheme:light';
const DARK = '--paper:#15181b;--text:#e6e8ea;--soft:#9aa4ae;--line:#2f363c;--cell:#23292e;--spiking:#5fb3cf;--other:#e39468;color-scheme:dark';

export const pageStyle = `
:root{${LIGHT}}
@media (prefers-color-scheme:dark){:root{${DARK}}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--paper);color:var(--text);font:16px/1.55 ui-sans-serif,system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
main{max-width:980px;margin:0 auto;padding:40px 24px 64px}
h1{font-size:1.75rem;line-height:1.2;font-weight:650;margin:0 0 6px;letter-spacing:-.01em;overflow-wrap:anywhere}
h2{font-size:1.15rem;line-height:1.3;font-weight:650;margin:0 0 4px}
section{margin-top:44px}
p{margin:0 0 10px;max-width:68ch}
.lead{color:var(--soft);margin-bottom:24px}
.soft,figcaption{color:var(--soft);font-size:.875rem}
figcaption{margin-top:8px;max-width:72ch;overflow-wrap:anywhere}
figure{margin:14px 0 0}
figure svg{display:block;max-width:100%;height:auto}
.narrow{display:none}
.facts{display:grid;grid-template-columns:repeat(3,1fr);margin:0;border-top:1px solid var(--line)}
.facts>div{padding:14px 16px 14px 0;border-bottom:1px solid var(--line)}
.facts dt{color:var(--soft);font-size:.875rem}
.facts dd{margin:0}
.facts dd.figure{font-size:1.6rem;line-height:1.3;font-weight:600;font-variant-numeric:tabular-nums;letter-spacing:-.01em;white-space:nowrap}
.facts dd.detail{color:var(--soft);font-size:.875rem;line-height:1.45;padding-right:8px;overflow-wrap:anywhere}
.pair{display:grid;grid-template-columns:1fr 1fr;gap:0 32px;align-items:start}
.pair>section{min-width:0}
.scroll{overflow-x:auto;margin:14px 0 0;border-top:1px solid var(--line);border-bottom:1px solid var(--line)}
.scroll:focus-visible{outline:2px solid var(--spiking);outline-offset:2px}
table{border-collapse:collapse;width:100%;font-size:.875rem;line-height:1.4}
th,td{padding:7px 11px 7px 0;text-align:left;vertical-align:top;border-bottom:1px solid var(--line)}
th:last-child,td:last-child{padding-right:0}
tbody tr:last-child>*{border-bottom:0}
thead th{color:var(--soft);font-weight:500;white-space:nowrap;vertical-align:bottom}
tbody th{font-weight:500;min-width:10em;overflow-wrap:anywhere}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
td.why{color:var(--soft);min-width:16em}
td.break{overflow-wrap:anywhere;min-width:18em}
tr.total>*{font-weight:650;color:var(--text)}
.scale{display:inline-block;width:96px;height:10px;vertical-align:-1px;margin:0 6px;border-radius:2px;background:linear-gradient(90deg,color-mix(in srgb,var(--spiking) 16%,var(--cell)),var(--spiking))}
ul{margin:10px 0 0;padding-left:1.15em;max-width:72ch}
li{margin-bottom:6px;overflow-wrap:anywhere}
footer{margin-top:48px;padding-top:14px;border-top:1px solid var(--line);color:var(--soft);font-size:.875rem;overflow-wrap:anywhere}
@media (max-width:760px){
.pair{grid-template-columns:1fr}
.facts{grid-template-columns:1fr 1fr}
}
@media screen and (max-width:640px){
main{padding:24px 18px 48px}
h1{font-size:1.4rem}
.facts dd.figure{font-size:1.3rem}
.narrow{display:block}
.wide{display:none}
td.why{min-width:32em}
}
@media print{
:root{${LIGHT};--paper:#fff}
body{font-size:11pt}
main{max-width:none;padding:0}
section{margin-top:24pt}
figure,tr,.facts>div{break-inside:avoid}
h2{break-after:avoid}
.scroll{overflow:visible}
table{font-size:8pt}
td.why,td.break{min-width:0}
tbody th{min-width:9em}
}
`;
