// The identity provider of the tests: oidc-provider as it is, behind a server that can break on purpose.
//
// People: mia (banker), sam (supervisor), ada (auditor), root (admin), cleo (customer), lee (tellers), zoe (no role); signing in at /interaction/UID is
// adding ?user=NAME. Clients: "contactiq" (code flow with PKCE), "robot-ROLE[-ALG]" (client credentials).
//
//   POST /test/rotate          signs with new keys from now on; the old ones are gone
//   POST /test/fault?is=KIND   "down" (503), "huge" (a JWKS of 10 MB), "slow" (never answers), "" (none)
//   GET  /test/asked           how often the JWKS was asked for
//   GET  /test/key             the private RSA key and its kid: tests sign bad tokens with it
import http from 'node:http';
import fs from 'node:fs';
import path from 'node:path';
import crypto from 'node:crypto';
import { pathToFileURL } from 'node:url';

const modules = process.env.OIDC_MODULES;
const { default: Provider } = await import(pathToFileURL(path.join(modules, 'oidc-provider/lib/index.js')));

const ROLES = { mia: 'banker', sam: 'supervisor', ada: 'auditor', root: 'admin', cleo: 'customer', lee: 'tellers' };
const SECRET = 'a-secret-of-tests-that-is-long-enough';
const ALGORITHMS = { RS256: 'RS256', PS256: 'PS256', ES256: 'ES256', EdDSA: 'EdDSA' };

let rounds = 0;
let rsa;
function newKeys() {
  rounds += 1;
  const jwk = (pair, extra) => ({ ...pair.privateKey.export({ format: 'jwk' }), use: 'sig', ...extra });
  rsa = { pair: crypto.generateKeyPairSync('rsa', { modulusLength: 2048 }), kid: `rsa-${rounds}` };
  const ec = crypto.generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const ed = crypto.generateKeyPairSync('ed25519');
  return [jwk(rsa.pair, { kid: rsa.kid }), jwk(ec, { kid: `ec-${rounds}` }), jwk(ed, { kid: `ed-${rounds}` })];
}

const robots = [...Object.values(ROLES), 'nobody'].flatMap((role) => Object.keys(ALGORITHMS).map((alg) => ({
  client_id: alg === 'RS256' ? `robot-${role}` : `robot-${role}-${alg}`,
  client_secret: SECRET,
  grant_types: ['client_credentials'],
  redirect_uris: [],
  response_types: [],
})));

const lasts = { seconds: 300 };

function make(issuer) {
  const provider = new Provider(issuer, {
    jwks: { keys: newKeys() },
    cookies: { keys: ['tests'] },
    clients: [{
      client_id: 'contactiq',
      client_secret: SECRET,
      application_type: 'native',
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      redirect_uris: ['http://127.0.0.1/signin/callback'],
    }, ...robots],
    claims: { openid: ['sub', 'sid'], profile: ['preferred_username', 'roles'] },
    conformIdTokenClaims: false,
    scopes: ['openid', 'profile', 'offline_access', 'ask'],
    pkce: { required: () => true },
    interactions: { url: (ctx, interaction) => `/interaction/${interaction.uid}` },
    findAccount: (ctx, sub) => ({
      accountId: sub,
      claims: () => ({ sub, preferred_username: `${sub}@bank.example`, roles: [`ciq-${ROLES[sub] ?? 'nobody'}`] }),
    }),
    loadExistingGrant: async (ctx) => {
      const grant = new provider.Grant({ accountId: ctx.oidc.session.accountId, clientId: ctx.oidc.client.clientId });
      grant.addOIDCScope('openid profile');
      await grant.save();
      return grant;
    },
    extraTokenClaims: (ctx, token) => ({ roles: [`ciq-${token.clientId.split('-')[1]}`] }),
    ttl: { ClientCredentials: () => lasts.seconds, AccessToken: 60, IdToken: 60, AuthorizationCode: 60 },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => 'api://contactiq',
        getResourceServerInfo: (ctx, resource, client) => ({
          scope: 'ask',
          audience: resource,
          accessTokenTTL: lasts.seconds,
          accessTokenFormat: 'jwt',
          jwt: { sign: { alg: ALGORITHMS[client.clientId.split('-')[2]] ?? 'RS256' } },
        }),
      },
    },
  });
  // Each test's server has a port of its own.
  provider.Client.prototype.redirectUriAllowed = (uri) => /^http:\/\/127\.0\.0\.1:\d+\/signin\/callback$/.test(uri);
  provider.Client.prototype.postLogoutRedirectUriAllowed = (uri) => /^http:\/\/127\.0\.0\.1:\d+\/signin$/.test(uri);
  return { provider, handle: provider.callback() };
}

let current;
let fault = '';
let asked = 0;

async function own(req, res, url) {
  const answer = (status, body) => {
    res.writeHead(status, { 'content-type': 'application/json' });
    res.end(JSON.stringify(body));
  };
  if (url.pathname === '/test/rotate') {
    current = make(issuer);
    return answer(200, { kid: rsa.kid });
  }
  if (url.pathname === '/test/fault') {
    fault = url.searchParams.get('is') ?? '';
    return answer(200, { fault });
  }
  if (url.pathname === '/test/lasts') {
    lasts.seconds = Number(url.searchParams.get('seconds'));
    return answer(200, lasts);
  }
  if (url.pathname === '/test/asked') return answer(200, { asked });
  if (url.pathname === '/test/key') {
    return answer(200, { kid: rsa.kid, pem: rsa.pair.privateKey.export({ format: 'pem', type: 'pkcs8' }),
      public: rsa.pair.publicKey.export({ format: 'pem', type: 'spki' }) });
  }
  return answer(404, {});
}

const server = http.createServer(async (req, res) => {
  const url = new URL(req.url, 'http://127.0.0.1');
  try {
    if (url.pathname.startsWith('/test/')) return await own(req, res, url);
    const keys = url.pathname === '/jwks';
    if (keys) asked += 1;
    if (fault === 'slow') return undefined;
    if (fault === 'down') {
      res.writeHead(503);
      return res.end();
    }
    if (fault === 'huge' && keys) {
      res.writeHead(200, { 'content-type': 'application/json' });
      return res.end(`{"keys":[],"padding":"${'x'.repeat(10_000_000)}"}`);
    }
    if (url.pathname.startsWith('/interaction/')) {
      const { prompt } = await current.provider.interactionDetails(req, res);
      const user = url.searchParams.get('user');
      const result = prompt.name === 'login' ? { login: { accountId: user } } : { consent: {} };
      if (user === 'declines') {
        return await current.provider.interactionFinished(req, res, { error: 'access_denied' }, {});
      }
      return await current.provider.interactionFinished(req, res, result, { mergeWithLastSubmission: true });
    }
    return current.handle(req, res);
  } catch (error) {
    console.error(error);
    res.writeHead(500);
    return res.end();
  }
});

let issuer;
server.listen(0, '127.0.0.1', () => {
  issuer = `http://127.0.0.1:${server.address().port}`;
  current = make(issuer);
  fs.writeFileSync(`${process.argv[2]}.new`, `${issuer}\n`);
  fs.renameSync(`${process.argv[2]}.new`, process.argv[2]);
});
