/** `http1.ts`: the request line, the four forms of its target, and what `Host` has to be; RFC 9112 section 3. */

import type { RequestHead, RequestTarget } from "../src/message.ts";
import { requestLine, showLine, testHeads } from "./head_rows.ts";

// Section 3: the request line.

testHeads("RFC 9112 section 3.1", (head) => head.method, [
  ["method GET", requestLine("GET / HTTP/1.1"), "GET"],
  ["a method in lower case is another one", requestLine("get / HTTP/1.1"), "get"],
  ["an unknown method", requestLine("BREW / HTTP/1.1"), "BREW"],
  ["a method of every tchar", requestLine("!#$%&'*+-.^_`|~09AZaz / HTTP/1.1"), "!#$%&'*+-.^_`|~09AZaz"],
  ["a method with a colon", requestLine("GE:T / HTTP/1.1"), 400],
  ["a method with a slash", requestLine("GE/T / HTTP/1.1"), 400],
  ["a quoted method", requestLine('"GET" / HTTP/1.1'), 400],
  ["a method with a comma", requestLine("GET,POST / HTTP/1.1"), 400],
  ["a method beyond ASCII", requestLine("G\xc9T / HTTP/1.1"), 400],
  ["a method with NUL", requestLine("GET\0 / HTTP/1.1"), 400],
  ["a method with DEL", requestLine("GET\x7f / HTTP/1.1"), 400],
  ["the method alone", "GET\r\n\r\n", 400],
  ["the method and a space", "GET \r\n\r\n", 400],
  ["no method", requestLine("/ HTTP/1.1"), 400],
]);

testHeads("RFC 9112 section 3", showLine, [
  ["two spaces behind the method", requestLine("GET  / HTTP/1.1"), 400],
  ["two spaces behind the target", requestLine("GET /  HTTP/1.1"), 400],
  ["a tab behind the method", requestLine("GET\t/ HTTP/1.1"), 400],
  ["a tab behind the target", requestLine("GET /\tHTTP/1.1"), 400],
  ["a vertical tab behind the method", requestLine("GET\x0b/ HTTP/1.1"), 400],
  ["a form feed behind the target", requestLine("GET /\x0cHTTP/1.1"), 400],
  ["a no-break space behind the method", requestLine("GET\xa0/ HTTP/1.1"), 400],
  ["no space behind the method", requestLine("GET/ HTTP/1.1"), 400],
  ["no space before the version", requestLine("GET /HTTP/1.1"), 400],
  ["a space in the target", requestLine("GET /a b HTTP/1.1"), 400],
  ["no target", requestLine("GET HTTP/1.1"), 400],
  ["an empty target", requestLine("GET  HTTP/1.1"), 400],
  ["a response", "HTTP/1.1 200 OK\r\nHost: a\r\n\r\n", 400],
]);

// Section 3.2: the four forms of a target.

const origin = (path: string, query = ""): RequestTarget => ({ form: "origin", path, query });
const absolute = (authority: string, path: string, query = ""): RequestTarget => ({
  form: "absolute",
  authority,
  path,
  query,
});
const showTarget = (head: RequestHead) => head.target;

testHeads("RFC 9112 section 3.2.1", showTarget, [
  ["a path", requestLine("GET /a/b.html HTTP/1.1"), origin("/a/b.html")],
  ["a query", requestLine("GET /a?b=c HTTP/1.1"), origin("/a", "?b=c")],
  ["an empty query", requestLine("GET /a? HTTP/1.1"), origin("/a", "?")],
  ["a query with question marks and slashes", requestLine("GET /a?b?c/d HTTP/1.1"), origin("/a", "?b?c/d")],
  ["a path is not decoded", requestLine("GET /%2e%2E/%00?%41 HTTP/1.1"), origin("/%2e%2E/%00", "?%41")],
  ["a path is not normalized", requestLine("GET //a/./../b HTTP/1.1"), origin("//a/./../b")],
  ["two slashes name no host", requestLine("GET //evil.example/ HTTP/1.1"), origin("//evil.example/")],
  ["a URL as a path", requestLine("GET /http://b/ HTTP/1.1"), origin("/http://b/")],
  [
    "every visible character",
    requestLine("GET /!\"$%&'()*+,-./:;<=>@[\\]^_`{|}~ HTTP/1.1"),
    origin("/!\"$%&'()*+,-./:;<=>@[\\]^_`{|}~"),
  ],
  ["a fragment", requestLine("GET /a#b HTTP/1.1"), 400],
  ["a fragment in a query", requestLine("GET /a?b#c HTTP/1.1"), 400],
  ["NUL in a target", requestLine("GET /a\0b HTTP/1.1"), 400],
  ["a control character in a target", requestLine("GET /a\x01b HTTP/1.1"), 400],
  ["DEL in a target", requestLine("GET /a\x7fb HTTP/1.1"), 400],
  ["UTF-8 in a target", requestLine("GET /\xc3\xa9 HTTP/1.1"), 400],
  ["no leading slash", requestLine("GET a HTTP/1.1"), 400],
  ["a query without a path", requestLine("GET ?a HTTP/1.1"), 400],
  ["dot segments without a slash", requestLine("GET ../a HTTP/1.1"), 400],
  ["a backslash for the slash", requestLine("GET \\a HTTP/1.1"), 400],
  ["an encoded slash for the slash", requestLine("GET %2Fa HTTP/1.1"), 400],
]);

testHeads("RFC 9112 section 3.2.2", showTarget, [
  ["absolute-form", requestLine("GET http://b/c?d HTTP/1.1"), absolute("b", "/c", "?d")],
  ["absolute-form without a path", requestLine("GET http://b HTTP/1.1"), absolute("b", "/")],
  ["absolute-form with a query and no path", requestLine("GET http://b?c HTTP/1.1"), absolute("b", "/", "?c")],
  ["absolute-form with a port", requestLine("GET http://b:8080/ HTTP/1.1"), absolute("b:8080", "/")],
  ["absolute-form with an empty port", requestLine("GET http://b:/ HTTP/1.1"), absolute("b:", "/")],
  ["absolute-form with IPv6", requestLine("GET http://[::1]:80/ HTTP/1.1"), absolute("[::1]:80", "/")],
  ["absolute-form of https", requestLine("GET https://b/ HTTP/1.1"), absolute("b", "/")],
  ["a scheme in upper case", requestLine("GET HTTP://b/ HTTP/1.1"), absolute("b", "/")],
  ["an at sign in the path", requestLine("GET http://b/@c HTTP/1.1"), absolute("b", "/@c")],
  ["an at sign in the query", requestLine("GET http://b/?@c HTTP/1.1"), absolute("b", "/", "?@c")],
  ["two slashes in the path", requestLine("GET http://b//c HTTP/1.1"), absolute("b", "//c")],
  ["Host differs and is ignored", "GET http://b/ HTTP/1.1\r\nHost: c\r\n\r\n", absolute("b", "/")],
  ["no host", requestLine("GET http:///c HTTP/1.1"), 400],
  ["nothing behind the scheme", requestLine("GET http:// HTTP/1.1"), 400],
  ["a port without a host", requestLine("GET http://:80/ HTTP/1.1"), 400],
  ["user information", requestLine("GET http://u:p@b/ HTTP/1.1"), 400],
  ["an empty user", requestLine("GET http://@b/ HTTP/1.1"), 400],
  ["a port that is no number", requestLine("GET http://b:c/ HTTP/1.1"), 400],
  ["two ports", requestLine("GET http://b:1:2/ HTTP/1.1"), 400],
  ["an open bracket", requestLine("GET http://[::1/ HTTP/1.1"), 400],
  ["one slash", requestLine("GET http:/b HTTP/1.1"), 400],
  ["no slash", requestLine("GET http:b HTTP/1.1"), 400],
  ["a backslash in the authority", requestLine("GET http://b\\c/ HTTP/1.1"), 400],
  ["broken percent-encoding in the authority", requestLine("GET http://b%zz/ HTTP/1.1"), 400],
  ["another scheme", requestLine("GET ftp://b/ HTTP/1.1"), 400],
  ["a scheme of files", requestLine("GET file:///etc/passwd HTTP/1.1"), 400],
  ["a scheme that only begins like one", requestLine("GET httpx://b/ HTTP/1.1"), 400],
  ["a fragment in absolute-form", requestLine("GET http://b/#c HTTP/1.1"), 400],
  ["absolute-form does not replace Host", "GET http://b/ HTTP/1.1\r\n\r\n", 400],
]);

testHeads("RFC 9112 section 3.2.3", showTarget, [
  ["authority-form", requestLine("CONNECT b:443 HTTP/1.1"), { form: "authority", authority: "b:443" }],
  ["authority-form with IPv6", requestLine("CONNECT [::1]:443 HTTP/1.1"), {
    form: "authority",
    authority: "[::1]:443",
  }],
  ["CONNECT without a port", requestLine("CONNECT b HTTP/1.1"), 400],
  ["CONNECT with an empty port", requestLine("CONNECT b: HTTP/1.1"), 400],
  ["CONNECT without a host", requestLine("CONNECT :443 HTTP/1.1"), 400],
  ["CONNECT with a port that is no number", requestLine("CONNECT b:https HTTP/1.1"), 400],
  ["CONNECT with a path", requestLine("CONNECT b:443/ HTTP/1.1"), 400],
  ["CONNECT with user information", requestLine("CONNECT u@b:443 HTTP/1.1"), 400],
  ["CONNECT with origin-form", requestLine("CONNECT / HTTP/1.1"), 400],
  ["CONNECT with absolute-form", requestLine("CONNECT http://b:443/ HTTP/1.1"), 400],
  ["CONNECT with asterisk-form", requestLine("CONNECT * HTTP/1.1"), 400],
  ["CONNECT with a length", requestLine("CONNECT b:443 HTTP/1.1\r\nContent-Length: 5"), 400],
  ["CONNECT with no length", requestLine("CONNECT b:443 HTTP/1.1\r\nContent-Length: 0"), 400],
  ["CONNECT with chunks", requestLine("CONNECT b:443 HTTP/1.1\r\nTransfer-Encoding: chunked"), 400],
  ["CONNECT in lower case is another method", requestLine("connect b:443 HTTP/1.1"), 400],
  ["GET with authority-form", requestLine("GET b:443 HTTP/1.1"), 400],
]);

testHeads("RFC 9112 section 3.2.4", showTarget, [
  ["asterisk-form", requestLine("OPTIONS * HTTP/1.1"), { form: "asterisk" }],
  ["OPTIONS with origin-form", requestLine("OPTIONS /a HTTP/1.1"), origin("/a")],
  ["OPTIONS of a whole server through a proxy", requestLine("OPTIONS http://b HTTP/1.1"), { form: "asterisk" }],
  ["OPTIONS with absolute-form and a path", requestLine("OPTIONS http://b/ HTTP/1.1"), absolute("b", "/")],
  ["OPTIONS with absolute-form and a query", requestLine("OPTIONS http://b?c HTTP/1.1"), absolute("b", "/", "?c")],
  ["GET with asterisk-form", requestLine("GET * HTTP/1.1"), 400],
  ["options in lower case is another method", requestLine("options * HTTP/1.1"), 400],
  ["two asterisks", requestLine("OPTIONS ** HTTP/1.1"), 400],
  ["an asterisk and a query", requestLine("OPTIONS *?a HTTP/1.1"), 400],
  ["an asterisk and a path", requestLine("OPTIONS */a HTTP/1.1"), 400],
]);

// Section 3.2: Host.

const host = (...values: string[]) => `GET / HTTP/1.1\r\n${values.map((value) => `Host: ${value}\r\n`).join("")}\r\n`;
const showHost = (head: RequestHead) => head.fieldLines.get("host") ?? null;

testHeads("RFC 9112 section 3.2, Host", showHost, [
  ["a name", host("example.com"), "example.com"],
  ["a name and a port", host("example.com:8080"), "example.com:8080"],
  ["a name and an empty port", host("example.com:"), "example.com:"],
  ["a name in upper case with a final dot", host("EXAMPLE.com."), "EXAMPLE.com."],
  ["IPv4", host("127.0.0.1:80"), "127.0.0.1:80"],
  ["IPv6", host("[2001:db8::1]"), "[2001:db8::1]"],
  ["IPv6 and a port", host("[::ffff:127.0.0.1]:80"), "[::ffff:127.0.0.1]:80"],
  ["an underscore", host("my_host"), "my_host"],
  ["percent-encoding", host("%C3%A9"), "%C3%A9"],
  ["an empty value", host(""), ""],
  ["white space alone is an empty value", host(" \t "), ""],
  ["the name in any case", "GET / HTTP/1.1\r\nhOST: a\r\n\r\n", "a"],
  ["missing in HTTP/1.1", host(), 400],
  ["missing in HTTP/1.0", "GET / HTTP/1.0\r\n\r\n", null],
  ["missing in a later minor version", "GET / HTTP/1.2\r\n\r\n", 400],
  ["repeated with another value", host("a", "b"), 400],
  ["repeated with the same value", host("a", "a"), 400],
  ["repeated in another case", "GET / HTTP/1.1\r\nHost: a\r\nHOST: a\r\n\r\n", 400],
  ["repeated in HTTP/1.0", "GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", 400],
  ["repeated beside absolute-form", "GET http://c/ HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400],
  ["invalid in HTTP/1.0", "GET / HTTP/1.0\r\nHost: a/b\r\n\r\n", 400],
  ["invalid beside absolute-form", "GET http://c/ HTTP/1.1\r\nHost: a b\r\n\r\n", 400],
  ["two names", host("a b"), 400],
  ["a list", host("a, b"), 400],
  ["a path in Host", host("a/b"), 400],
  ["a query in Host", host("a?b"), 400],
  ["a fragment in Host", host("a#b"), 400],
  ["user information in Host", host("u@a"), 400],
  ["a backslash in Host", host("a\\b"), 400],
  ["a URL in Host", host("http://a"), 400],
  ["a port that is no number in Host", host("a:b"), 400],
  ["a negative port in Host", host("a:-1"), 400],
  ["two ports in Host", host("a:1:2"), 400],
  ["IPv6 without brackets", host("::1"), 400],
  ["an open bracket in Host", host("[::1"), 400],
  ["text behind the bracket", host("[::1]a"), 400],
  ["IPv6 with a zone", host("[fe80::1%25eth0]"), 400],
  ["a name in brackets", host("[example.com]"), 400],
  ["broken percent-encoding in Host", host("a%2"), 400],
  ["obs-text in Host", host("\xe9"), 400],
  ["a tab in Host", host("a\tb"), 400],
]);
