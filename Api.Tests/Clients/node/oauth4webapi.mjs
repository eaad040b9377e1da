import * as oauth from 'oauth4webapi'
import { answer } from './lines.mjs'

// A realm on a loopback address speaks plain HTTP.
const insecure = { [oauth.allowInsecureRequests]: true }

let server
let client
let authentication
let request
let keys

await answer({
  async discover({ issuer, clientId, secret }) {
    const url = new URL(issuer)
    server = await oauth.processDiscoveryResponse(url, await oauth.discoveryRequest(url, insecure))
    client = { client_id: clientId }
    authentication = secret ? oauth.ClientSecretPost(secret) : oauth.None()
    return server
  },

  async clientCredentials({ scope }) {
    const response = await oauth.clientCredentialsGrantRequest(server, client, authentication, scope ? { scope } : {}, insecure)
    return oauth.processClientCredentialsResponse(server, client, response)
  },

  async startSignIn({ redirectUri, scope = 'openid', pushed = false, jwt = false, more = {} }) {
    request = {
      redirectUri,
      jwt,
      verifier: oauth.generateRandomCodeVerifier(),
      state: oauth.generateRandomState(),
      nonce: oauth.generateRandomNonce(),
    }
    const parameters = new URLSearchParams({
      client_id: client.client_id,
      response_type: 'code',
      redirect_uri: redirectUri,
      scope,
      state: request.state,
      nonce: request.nonce,
      code_challenge: await oauth.calculatePKCECodeChallenge(request.verifier),
      code_challenge_method: 'S256',
      ...jwt ? { response_mode: 'jwt' } : {},
      ...more,
    })
    const url = new URL(server.authorization_endpoint)
    if (pushed) {
      const response = await oauth.pushedAuthorizationRequest(server, client, authentication, parameters, insecure)
      const { request_uri } = await oauth.processPushedAuthorizationResponse(server, client, response)
      url.searchParams.set('client_id', client.client_id)
      url.searchParams.set('request_uri', request_uri)
    } else {
      url.search = parameters.toString()
    }

    return url
  },

  async finishSignIn({ callback }) {
    const parameters = request.jwt
      ? await oauth.validateJwtAuthResponse(server, client, new URL(callback), request.state, insecure)
      : oauth.validateAuthResponse(server, client, new URL(callback), request.state)
    const response = await oauth.authorizationCodeGrantRequest(
      server, client, authentication, parameters, request.redirectUri, request.verifier, options())
    const tokens = await oauth.processAuthorizationCodeResponse(
      server, client, response, { expectedNonce: request.nonce, requireIdToken: true })
    return withVerifiedClaims(tokens, response)
  },

  async refresh({ refreshToken }) {
    const response = await oauth.refreshTokenGrantRequest(server, client, authentication, refreshToken, options())
    return withVerifiedClaims(await oauth.processRefreshTokenResponse(server, client, response), response)
  },

  async userInfo({ accessToken, subject }) {
    const response = await oauth.userInfoRequest(server, client, accessToken, options())
    return oauth.processUserInfoResponse(server, client, subject, response)
  },

  async introspect({ token }) {
    const response = await oauth.introspectionRequest(server, client, authentication, token, insecure)
    return oauth.processIntrospectionResponse(server, client, response)
  },

  async revoke({ token }) {
    await oauth.processRevocationResponse(await oauth.revocationRequest(server, client, authentication, token, insecure))
  },

  logoutUrl({ idToken, redirectUri, state }) {
    const url = new URL(server.end_session_endpoint)
    url.search = new URLSearchParams({ id_token_hint: idToken, post_logout_redirect_uri: redirectUri, state }).toString()
    return url
  },

  async useDPoP() {
    keys = oauth.DPoP(client, await oauth.generateKeyPair('ES256'))
    return { thumbprint: await keys.calculateThumbprint() }
  },

  async boundToken() {
    const response = await oauth.clientCredentialsGrantRequest(server, client, authentication, {}, options())
    return oauth.processClientCredentialsResponse(server, client, response)
  },

  async discoverResource({ url }) {
    return oauth.processResourceDiscoveryResponse(new URL(url), await oauth.resourceDiscoveryRequest(new URL(url), insecure))
  },

  // A nonce that the resource asks for is sent with the second attempt. Without a key, the token is sent as a bearer token.
  async callResource({ accessToken, url, bearer = false }) {
    const send = () => oauth.protectedResourceRequest(
      accessToken, 'GET', new URL(url), undefined, undefined, bearer ? insecure : options())
    try {
      return { status: (await send()).status }
    } catch (error) {
      if (oauth.isDPoPNonceError(error)) {
        return { status: (await send()).status, nonce: true }
      }

      if (error instanceof oauth.WWWAuthenticateChallengeError) {
        return { status: error.status, challenges: error.cause.map(({ scheme, parameters }) => ({ scheme, ...parameters })) }
      }

      throw error
    }
  },
})

function options() {
  return keys ? { ...insecure, DPoP: keys } : insecure
}

async function withVerifiedClaims(tokens, response) {
  await oauth.validateApplicationLevelSignature(server, response, insecure)
  return { ...tokens, claims: oauth.getValidatedIdTokenClaims(tokens) }
}
