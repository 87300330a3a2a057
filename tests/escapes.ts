/**
 * Spellings of a way out of the root, or to what is hidden in it: each as a request target, byte for byte as it is sent
 * (ISO-8859-1). None of them may ever lead to one of the {@linkcode SECRETS}; most are known from attacks on real servers.
 */

/** Where secrets are, from `www` as the root: beside it, above it, hidden in it. Each holds its marker. */
export const SECRETS: readonly string[] = [
  "../secret.txt",
  "../www-secret/secret.txt",
  "../www.txt",
  "../.env",
  ".env",
  ".git/config",
  "dir/.hidden/secret.txt",
  "_headers",
  "_redirects",
];

/** What all of them hold, and no answer may. */
export const MARKER: string = "MARKER-OF-A-SECRET";

/** Ways up, each in front of `secret.txt`. */
const UP = [
  ..."../ ..// ..///// ./../ .././ /../ //../ ///..// %2e%2e/ %2E%2E/ .%2e/ %2e./ %2e%2E/ %2e%2e// dir/../../ dir/..//../"
    .split(
      " ",
    ),
  ..."..%2f ..%2F %2e%2e%2f %2E%2E%2F %2e%2e%2F dir%2f..%2f..%2f dir/..%2f../ dir/..%2f..%2f ..%2f/ ..%2f%2f".split(
    " ",
  ),
  ..."..%252f %252e%252e%252f %252e%252e/ ..%25252f %25252e%25252e%25252f ..%%32%66 %%32%65%%32%65/ %25%32%65%25%32%65/"
    .split(
      " ",
    ),
  ..."..\\ ..%5c ..%5C %2e%2e\\ %2e%2e%5c %2e%2e%5C ..\\/ ../\\ ..%5c/ ..%5c%5c ..%255c dir\\..\\..\\ dir%5c..%5c..%5c"
    .split(" "),
  ..."..%2f..%5c ..\\%2f ..%5c%2f ..%2f%5c /\\../ /%5c../ \\../ %5c../ \\\\..\\ ..;/ ..;a=b/ ..%3b/ .;./ ..%3B%2f ;/../"
    .split(" "),
  ..."..%c0%af ..%C0%AF %c0%ae%c0%ae/ %c0%ae%c0%ae%c0%af ..%e0%80%af ..%f0%80%80%af ..%f8%80%80%80%af".split(" "),
  ..."%e0%80%ae%e0%80%ae/ %f0%80%80%ae%f0%80%80%ae/ ..%c1%9c ..%c1%af ..%c0%5c ..%c0%2f %c0%2e%c0%2e/ ..%c0%9v".split(
    " ",
  ),
  ..."..%ef%bc%8f ..%e2%88%95 ..%e2%81%84 ..%ef%bc%bc %ef%bc%8e%ef%bc%8e/ %e2%80%a4%e2%80%a4/ %e2%80%a5/ ..%c2%a5"
    .split(" "),
  ..."..%u2215 ..%u2216 %u002e%u002e/ %u002e%u002e%u002f ..%uEFC8 ..%u002f %uff0e%uff0e/ &#46;&#46;/ &#x2e;&#x2e;/"
    .split(" "),
  ..."..%00/ ..%00%2f %00../ ..%0d/ ..%0a/ ..%0d%0a/ ..%09/ ..%20/ %20../ .%20./ ..%7f/ ..%ff/ .%00./ ..%a0/ .%0d.%0a/"
    .split(" "),
  ..."..../ ....// ....%2f ....\\ .../ ...\\ ..././ ..../..../ .../.../ ..?/ ..%3f/ ..%23/ .\\./ .%5c./ .././../ ./.%2e/"
    .split(" "),
  ..."dir/file.txt/../../ dir/missing/../../../ dir/.../../../ %2e/%2e%2e/ dir/%2e%2e/%2e%2e/ dir/./.././../ ..%2e/ ..%2e%2f"
    .split(
      " ",
    ),
  ..."link/ link/../ loop/ outside/ outside/../ link/../../ link%2f link/.. dir/up/ dir/up/../".split(" "),
];

/** Whole paths. */
const PATHS = [
  ..."/.. /../ /../.. /%2e%2e /..%2f /../www-secret/secret.txt /../www.txt /../www/../secret.txt /../www%2f../secret.txt"
    .split(" "),
  ..."/.env /%2eenv /%2Eenv /./.env //.env /dir/../.env /dir/%2e%2e/%2eenv /.env/ /.env%00 /.env%20 /.env. /.ENV".split(
    " ",
  ),
  ..."/.env%00.txt /.env%0a /.env;a /.env%3b /.env/. /.env%2f /.env::$DATA /%252eenv /.%65nv /x/../.env /.env?a /.env#a"
    .split(" "),
  ..."/.git /.git/ /.git/config /.git%2fconfig /.git//config /.git/./config /.GIT/config /%2egit/config /.git%5cconfig"
    .split(" "),
  ..."/GIT~1/config /git~1/config /.git./config /.git%20/config /.git::$INDEX_ALLOCATION/config /dir/.hidden/secret.txt"
    .split(" "),
  ..."/dir/%2ehidden/secret.txt /dir/./.hidden/secret.txt /dir/.hidden%2fsecret.txt /dir/.well-known/../.hidden/secret.txt"
    .split(
      " ",
    ),
  ..."/.well-known/../.env /.well-known/%2e%2e/.env /.well-known/.env /.Well-Known/../.env /.well-known%2f..%2f.env"
    .split(" "),
  ..."/_headers /_redirects /_HEADERS /_Redirects /%5fheaders /_headers/ /_headers. /_headers%20 /./_headers //_headers"
    .split(" "),
  ..."/dir/../_headers /_headers::$DATA /_headers%00 /_heade%72s /_headers.gz /_headers.br /headers-link /dir/headers-link"
    .split(" "),
  ..."//secret.txt ///secret.txt //../secret.txt //localhost/secret.txt //?/secret.txt //./secret.txt //%2e%2e/secret.txt"
    .split(" "),
  ..."/C:/secret.txt /c:%5csecret.txt /C:secret.txt /C%3a/secret.txt /C|/secret.txt /file:///secret.txt /file:/secret.txt"
    .split(" "),
  ..."/%5c%5clocalhost%5cc$%5csecret.txt /\\\\localhost\\c$\\secret.txt /%5c%5c?%5cC:%5csecret.txt /\\\\.\\C:\\secret.txt"
    .split(" "),
  ..."/CON /nul /NUL.txt /aux.txt /con%20 /con%20.txt /COM1 /COM1:/ /LPT1.html /dir/prn /dir/com%c2%b9 /conin$ /CLOCK$"
    .split(" "),
  ..."/dir/file.txt::$DATA /dir/file.txt:$DATA /dir::$INDEX_ALLOCATION/ /dir:$i30:$INDEX_ALLOCATION/ /dir/file.txt:secret"
    .split(" "),
  ..."/dir/file.txt. /dir/file.txt%20 /dir/file.txt... /dir./file.txt /dir%20/file.txt /PROGRA~1/secret.txt /SECRET~1.TXT"
    .split(" "),
  ..."/proc/self/environ /proc/self/cwd/secret.txt /etc/passwd /../../../../../../../../etc/passwd /%2fetc%2fpasswd"
    .split(" "),
  ..."/~ /~root/ /~/secret.txt /$HOME /%24%7bHOME%7d /${PWD}/../secret.txt /`pwd` /*/../secret.txt /dir/*/../../secret.txt"
    .split(
      " ",
    ),
  ..."/dir/file.txt/secret.txt /dir/file.txt/../../../secret.txt /dir/file.txt/.. /dir/fifo/../../secret.txt".split(
    " ",
  ),
  `/${"a/".repeat(100)}${"../".repeat(101)}secret.txt`,
  `/${"../".repeat(300)}secret.txt`,
  `/${"%2e%2e/".repeat(300)}secret.txt`,
  `/${"./".repeat(500)}../secret.txt`,
  `/${"/".repeat(500)}../secret.txt`,
  `/${"a".repeat(300)}/../../secret.txt`,
  `/${"a".repeat(5_000)}/../../secret.txt`,
  `/${"dir/../".repeat(400)}../secret.txt`,
];

/** Other forms of a target, and targets that are none. */
const FORMS = [
  ..."http://a/../secret.txt http://a/%2e%2e/secret.txt http://a//../secret.txt http://../secret.txt http://a/..%2fsecret.txt"
    .split(
      " ",
    ),
  ..."http://a/../../.env https://a/.env http://a/.env HTTP://a/../secret.txt http://a:80/../secret.txt http://a?/../secret.txt"
    .split(
      " ",
    ),
  ..."file:///secret.txt file://localhost/secret.txt ../secret.txt .. secret.txt %2e%2e/secret.txt \\..\\secret.txt ?../secret.txt"
    .split(
      " ",
    ),
  ..."http://a\\..\\secret.txt http://a/..\\secret.txt http:/../secret.txt http:../secret.txt *../secret.txt".split(
    " ",
  ),
];

/** All targets, each once. */
export const ESCAPES: readonly string[] = [
  ...new Set([
    ...UP.map((up) => `/${up}secret.txt`),
    ...UP.map((up) => `/dir/${up}${up}secret.txt`),
    ...PATHS,
    ...FORMS,
  ]),
];
