"""How the page of a backtest looks: one style sheet, no fonts or pictures from elsewhere; the language switch is two radio buttons.

In: nothing. Out: CSS.
"""

STYLE = """
:root{--ink:#1c2430;--soft:#5c6675;--line:#dfe3e8;--paper:#fff;--wash:#f5f7f9;--live:#64748b;--cand:#d9480f;--good:#1a7f45;
--bad:#b42318;--doubt:#96690a}
*{box-sizing:border-box}
body{margin:0 auto;max-width:1200px;padding:24px 28px 60px;background:var(--paper);color:var(--ink);
font:15px/1.5 system-ui,-apple-system,"Segoe UI","Noto Sans","PingFang SC","Microsoft YaHei","Noto Sans CJK SC",sans-serif}
h1{font-size:24px;margin:4px 0 2px}h2{font-size:18px;margin:36px 0 4px}h3{font-size:15px;margin:18px 0 4px}
p{margin:4px 0 10px}.soft,.why{color:var(--soft)}.why{font-size:13.5px;max-width:900px}
code{font:12.5px ui-monospace,Menlo,Consolas,monospace;overflow-wrap:anywhere}td code{white-space:normal}
input.tongue{position:absolute;opacity:0}
label.tongue{display:inline-block;padding:2px 12px;border:1px solid var(--line);cursor:pointer;color:var(--soft);font-size:13px}
#tongue-en:checked~label[for=tongue-en],#tongue-zh:checked~label[for=tongue-zh]{background:var(--ink);color:#fff;border-color:var(--ink)}
input.tongue:focus-visible~label{outline:2px solid #3b82f6}
#tongue-en:checked~main .zh,#tongue-zh:checked~main .en{display:none}
.summary{background:var(--wash);border-left:4px solid var(--cand);padding:12px 18px;margin:16px 0;font-size:16.5px}
.summary p{margin:6px 0}
.warning{background:#fdf3d7;border-left:4px solid #c28b11;padding:8px 16px;margin:10px 0}
.note{color:var(--soft);font-size:13.5px;margin:4px 0}
table{border-collapse:collapse;font-size:13.5px;font-variant-numeric:tabular-nums;margin:6px 0 4px}
th{font-weight:600;text-align:right;color:var(--soft);border-bottom:1.5px solid var(--ink);padding:4px 10px;vertical-align:bottom}
td{text-align:right;padding:4px 10px;border-bottom:1px solid var(--line);white-space:nowrap}
th:first-child,td:first-child,th.left,td.left{text-align:left}
td.wrap{white-space:normal;text-align:left;min-width:260px;vertical-align:top}td.top{vertical-align:top}
.examples th:nth-child(n+4){text-align:left}.examples ul{margin:2px 0;padding-left:18px}.examples b{font-size:14px}
.segment{margin-top:14px}.segment td,.segment th{padding:3px 5px;font-size:12.5px}.segment td{vertical-align:top}
.segment small{display:block;color:var(--soft);font-size:11px}.segment th.group{text-align:center;border-bottom:1px solid var(--line)}
.segment .first{border-left:1px solid var(--line)}
tr.start td{border-top:1.5px solid var(--soft)}
.scroll{overflow-x:auto}
.better{color:var(--good);font-weight:600}.worse{color:var(--bad);font-weight:600}.chance{color:var(--doubt)}.same{color:var(--soft)}
.matrix td{text-align:center;min-width:92px;line-height:1.35}.matrix td:first-child{text-align:left;font-weight:600}
.matrix th{text-align:center}.matrix .stay{background:var(--wash);color:var(--soft)}.matrix .up{background:#fbe3d8}
.matrix .down{background:#dcefe2}.matrix .none{color:#c3c9d1}.matrix small{color:var(--soft);display:block}
.plots{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(460px,100%),1fr));gap:6px 28px}
.plot{width:100%;height:auto;font-size:11px}.plot text{fill:var(--soft)}.plot .grid{stroke:var(--line)}
.plot path{fill:none;stroke-width:1.8}.plot path.live{stroke:var(--live)}.plot path.candidate{stroke:var(--cand)}
.plot path.share{stroke:#2563a8}.plot circle.live{fill:var(--live)}.plot circle.candidate{fill:var(--cand)}
.plot circle.share{fill:#2563a8}.plot .shade{fill:#eceff2}
.key{font-size:13px}.key i{display:inline-block;width:22px;height:3px;vertical-align:middle;margin:0 5px 0 12px}
.key i.live{background:var(--live)}.key i.candidate{background:var(--cand)}.key i.shade{background:#e3e7eb;height:11px}
details summary{cursor:pointer;color:var(--soft);margin:6px 0}
@media print{label.tongue{display:none}body{max-width:none;padding:0}details>*{display:block}}
"""
