"""The style of all that notebooks show: one class of ours, no background, colours of both themes."""

from __future__ import annotations

import re

__all__ = ["STYLE"]

# Notebooks say which theme they have (Jupyter, VS Code, Colab); elsewhere the system's counts. What
# notebooks set on every table (stripes, text to the right) takes more classes than theirs to be undone.
_T = ".weave-lite.weave-lite.weave-lite"
_DARK = "--wl-good:#4ac26b;--wl-bad:#ff8078;--wl-wait:#dbab3a;--wl-key:#8ab8ff"
_LIGHT = "--wl-good:#187234;--wl-bad:#bf2026;--wl-wait:#8a5d00;--wl-key:#1d55a8"
_SHEET = f"""
.weave-lite {{ {_LIGHT}; --wl-line:rgba(128,128,128,.3); --wl-soft:rgba(128,128,128,.1);
  --wl-mono:var(--jp-code-font-family,var(--vscode-editor-font-family,ui-monospace,Menlo,Consolas,monospace));
  font:13px/1.5 var(--jp-ui-font-family,var(--vscode-font-family,system-ui,sans-serif));
  color:var(--jp-content-font-color1,var(--vscode-foreground,inherit)); background:transparent;
  max-width:1100px; overflow-x:auto; padding:2px 0; }}
@media (prefers-color-scheme: dark) {{ .weave-lite {{ {_DARK} }} }}
[data-jp-theme-light="true"] .weave-lite, .vscode-light .weave-lite, html[theme="light"] .weave-lite {{ {_LIGHT} }}
[data-jp-theme-light="false"] .weave-lite, .vscode-dark .weave-lite, html[theme="dark"] .weave-lite {{ {_DARK} }}
.weave-lite .wl-card {{ border:1px solid var(--wl-line); border-radius:6px; padding:10px 14px; }}
.weave-lite .wl-head {{ display:flex; flex-wrap:wrap; gap:2px 12px; align-items:baseline; margin-bottom:2px; }}
.weave-lite .wl-name {{ font-weight:600; font-size:15px; overflow-wrap:anywhere; }}
.weave-lite .wl-dim, .weave-lite .wl-note {{ opacity:.68; }}
.weave-lite .wl-note {{ margin:6px 0 2px; font-size:12px; }}
.weave-lite .wl-cut {{ opacity:1; color:var(--wl-wait); }}
.weave-lite .wl-success {{ color:var(--wl-good); }}
.weave-lite .wl-error {{ color:var(--wl-bad); }}
.weave-lite .wl-running {{ color:var(--wl-wait); }}
.weave-lite .wl-title {{ margin:10px 0 3px; font-size:11px; font-weight:600; letter-spacing:.05em;
  text-transform:uppercase; opacity:.68; }}
{_T} table {{ border-collapse:collapse; border:0; margin:0; font-size:inherit; table-layout:auto; }}
{_T} table.wl-rows {{ min-width:50%; }}
{_T} table.wl-full {{ width:100%; }}
{_T} table tr, {_T} table tbody tr:nth-child(n), {_T} table tbody tr:hover {{ background:transparent; border:0; }}
{_T} table tr th, {_T} table tr td {{ border:0; text-align:left; vertical-align:top; line-height:inherit;
  background:transparent; color:inherit; }}
{_T} table.wl-kv tr th, {_T} table.wl-kv tr td {{ padding:1px 14px 1px 0; }}
{_T} table.wl-kv tr th {{ font:12px/1.65 var(--wl-mono); color:var(--wl-key); max-width:240px; white-space:nowrap;
  overflow:hidden; text-overflow:ellipsis; }}
{_T} table.wl-kv tr td {{ overflow-wrap:anywhere; max-width:800px; white-space:normal; }}
{_T} table.wl-rows tr th, {_T} table.wl-rows tr td {{ padding:3px 12px 3px 0; border-bottom:1px solid var(--wl-line);
  max-width:280px; overflow:hidden; text-overflow:ellipsis; white-space:nowrap; }}
{_T} table.wl-rows thead tr th {{ font-size:12px; font-weight:600; border-bottom-width:2px; }}
{_T} table.wl-rows tbody tr:hover td {{ background:var(--wl-soft); }}
{_T} table.wl-rows tr .wl-number {{ text-align:right; font-variant-numeric:tabular-nums; }}
{_T} table.wl-rows tr .wl-error {{ color:var(--wl-bad); }}
{_T} table.wl-rows tr .wl-wide {{ width:34%; max-width:0; min-width:140px; }}
.weave-lite .wl-text {{ white-space:pre-wrap; overflow-wrap:anywhere; max-height:22em; overflow-y:auto; }}
.weave-lite .wl-code {{ font:12px/1.5 var(--wl-mono); white-space:pre-wrap; overflow-wrap:anywhere; background:none;
  color:inherit; padding:0; margin:0; border:0; }}
.weave-lite pre.wl-code {{ background:var(--wl-soft); border-radius:4px; padding:6px 10px; max-height:26em; overflow:auto; }}
.weave-lite pre.wl-end {{ display:flex; flex-direction:column-reverse; }}
.weave-lite details {{ margin:0; }}
.weave-lite summary {{ display:list-item; cursor:pointer; }}
.weave-lite .wl-more {{ margin-top:8px; }}
.weave-lite .wl-more > summary {{ font-size:12px; opacity:.8; }}
.weave-lite .wl-inside {{ margin:2px 0 4px 5px; padding-left:12px; border-left:1px solid var(--wl-line); }}
.weave-lite .wl-line {{ white-space:nowrap; overflow:hidden; text-overflow:ellipsis; }}
.weave-lite .wl-leaf {{ padding-left:15px; }}
.weave-lite .wl-op {{ font-weight:600; }}
.weave-lite img.wl-picture {{ display:block; max-width:320px; max-height:240px; margin:2px 0; }}
.weave-lite .wl-gap {{ margin-left:8px; }}
"""
STYLE = re.sub(r"\s*\n\s*", "", _SHEET)
