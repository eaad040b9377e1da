import express from 'express'
import session from 'express-session'
import Keycloak from 'keycloak-connect'
import { answer } from './lines.mjs'

const app = express()
const store = new session.MemoryStore()
let keycloak

await answer({
  /** Begins to listen on a free port: the realm must know the address before the application knows the realm. */
  listen: () => new Promise((resolve, reject) => {
    const server = app.listen(0, '127.0.0.1', failure =>
      failure ? reject(failure) : resolve(`http://localhost:${server.address().port}`))
  }),

  /** An application that only looks at tokens which its callers bring. */
  acceptTokens({ config }) {
    keycloak = new Keycloak({}, { ...config, 'bearer-only': true, 'verify-token-audience': true })
    app.use(keycloak.middleware())
    addRoutes()
  },

  /** An application that signs people in and keeps their tokens in its session. */
  signPeopleIn({ config }) {
    app.use(session({ secret: 'of these tests', resave: false, saveUninitialized: true, store }))
    keycloak = new Keycloak({ store }, config)
    app.use(keycloak.middleware())
    addRoutes()
    app.get('/maybe', keycloak.checkSso(), (request, response) => response.json({ signedIn: Boolean(request.kauth.grant) }))
  },
})

function addRoutes() {
  app.get('/', (_, response) => response.json({ page: 'home' }))
  app.get('/me', keycloak.protect(), describe)
  app.get('/readers', keycloak.protect('acme-api:book-reader'), describe)
  app.get('/editors', keycloak.protect('acme-api:book-editor'), describe)
  app.get('/staff', keycloak.protect('realm:staff'), describe)
  app.get('/live', keycloak.protect(), async (request, response) => {
    const live = await keycloak.grantManager.validateAccessToken(request.kauth.grant.access_token.token)
    response.json({ live: live !== false })
  })
}

function describe(request, response) {
  const { content } = request.kauth.grant.access_token
  response.json({ name: content.preferred_username, token: content.jti })
}
