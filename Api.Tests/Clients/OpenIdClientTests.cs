using Api.Tests.Infrastructure;

namespace Api.Tests.Clients;

/// <summary>npm's openid-client, certified by the OpenID Foundation.</summary>
public abstract class OpenIdClientTests(RealmUnderTest realm, NodeClients node) : NodeRelyingPartyTests(realm, node, "openid-client.mjs");

public sealed class EmbeddedOpenIdClientTests(EmbeddedRealmUnderTest realm, NodeClients node) : OpenIdClientTests(realm, node);

public sealed class KeycloakOpenIdClientTests(KeycloakUnderTest realm, NodeClients node) : OpenIdClientTests(realm, node);
