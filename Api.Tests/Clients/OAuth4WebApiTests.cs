using Api.Tests.Infrastructure;

namespace Api.Tests.Clients;

/// <summary>npm's oauth4webapi, the strictest reader of what a server answers: each step checks it against its specification.</summary>
public abstract class OAuth4WebApiTests(RealmUnderTest realm, NodeClients node) : NodeRelyingPartyTests(realm, node, "oauth4webapi.mjs");

public sealed class EmbeddedOAuth4WebApiTests(EmbeddedRealmUnderTest realm, NodeClients node) : OAuth4WebApiTests(realm, node);

public sealed class KeycloakOAuth4WebApiTests(KeycloakUnderTest realm, NodeClients node) : OAuth4WebApiTests(realm, node);
