// An OpenID Connect provider for integration tests: whoever enters a name is that person, with any password.
// Started with the folder that holds oidc-provider, a port, and the address that it leads back to.
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [folder, port, redirectUri] = process.argv.slice(2);
const require = createRequire(`${folder}/package.json`);
const { default: Provider } = await import(pathToFileURL(require.resolve("oidc-provider")));

const GROUPS = { rosa: ["breast-radiology", "everybody"], adam: ["pacs-admins"], stray: ["everybody"] };

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [
    {
      client_id: "preread",
      client_secret: "a secret of tests only",
      redirect_uris: [redirectUri],
      grant_types: ["authorization_code"],
      response_types: ["code"],
    },
  ],
  claims: { openid: ["sub"], profile: ["name", "preferred_username", "groups"] },
  pkce: { required: () => true },
  cookies: { keys: ["tests"] },
  findAccount: (context, id) => ({
    accountId: id,
    claims: () => ({ sub: id, name: `Dr ${id}`, preferred_username: id, groups: GROUPS[id] ?? [] }),
  }),
});
provider.listen(Number(port), "127.0.0.1");
