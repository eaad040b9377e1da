import * as client from 'openid-client'
import { answer } from './lines.mjs'

let config
let request
let keys

await answer({
  async discover({ issuer, clientId, secret }) {
    config = await client.discovery(
      new URL(issuer),
      clientId,
      undefined,
      secret ? client.ClientSecretBasic(secret) : client.None(),
      { execute: [client.allowInsecureRequests, client.enableNonRepudiationChecks] },
    )
    return config.serverMetadata()
  },

  clientCredentials: ({ scope }) => client.clientCredentialsGrant(config, scope ? { scope } : {}),

  async startSignIn({ redirectUri, scope = 'openid', pushed = false, jwt = false, more = {} }) {
    if (jwt) {
      client.useJwtResponseMode(config)
    }

    request = { verifier: client.randomPKCECodeVerifier(), state: client.randomState(), nonce: client.randomNonce() }
    const parameters = {
      redirect_uri: redirectUri,
      scope,
      state: request.state,
      nonce: request.nonce,
      code_challenge: await client.calculatePKCECodeChallenge(request.verifier),
      code_challenge_method: 'S256',
      ...more,
    }
    return pushed
      ? client.buildAuthorizationUrlWithPAR(config, parameters)
      : client.buildAuthorizationUrl(config, parameters)
  },

  finishSignIn: async ({ callback }) => withClaims(await client.authorizationCodeGrant(
    config,
    new URL(callback),
    { pkceCodeVerifier: request.verifier, expectedState: request.state, expectedNonce: request.nonce, idTokenExpected: true },
    undefined,
    proofs(),
  )),

  refresh: async ({ refreshToken }) => withClaims(await client.refreshTokenGrant(config, refreshToken, undefined, proofs())),

  userInfo: ({ accessToken, subject }) => client.fetchUserInfo(config, accessToken, subject, proofs()),

  introspect: ({ token }) => client.tokenIntrospection(config, token),

  revoke: ({ token }) => client.tokenRevocation(config, token),

  logoutUrl: ({ idToken, redirectUri, state }) => client.buildEndSessionUrl(
    config,
    { id_token_hint: idToken, post_logout_redirect_uri: redirectUri, state },
  ),

  async useDPoP() {
    keys = client.getDPoPHandle(config, await client.randomDPoPKeyPair())
    return { thumbprint: await keys.calculateThumbprint() }
  },
})

function proofs() {
  return keys ? { DPoP: keys } : undefined
}

function withClaims(tokens) {
  return { ...tokens, claims: tokens.claims() }
}
