// A certified OpenID Connect provider with its own login pages, for one client. Usage: node oidc.mjs REDIRECT_URI…
import { createServer } from 'node:http';
import { pathToFileURL } from 'node:url';

const [modules, ...redirect_uris] = process.argv.slice(2);
const { Provider } = await import(pathToFileURL(`${modules}/oidc-provider/lib/index.js`));
const server = createServer();
server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [{ client_id: 'docket', client_secret: 'peer-secret-4f1c', redirect_uris }],
    cookies: { keys: ['only-for-tests'] },
    pkce: { required: () => true },
    claims: { openid: ['sub'], profile: ['name'] },
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, name: `${id[0].toUpperCase()}${id.slice(1)}` }) }),
  });
  server.on('request', provider.callback());
  console.log(`listening on ${issuer}`);
});
