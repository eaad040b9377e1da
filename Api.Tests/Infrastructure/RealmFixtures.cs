using Api.Tests.Infrastructure;

[assembly: AssemblyFixture(typeof(EmbeddedRealmUnderTest))]
[assembly: AssemblyFixture(typeof(KeycloakUnderTest))]

// For the classes that change nothing for others; one that does has an application of its own, as its class fixture.
[assembly: AssemblyFixture(typeof(ApiOnEmbeddedRealm))]
[assembly: AssemblyFixture(typeof(ApiOnPostgreSql))]
[assembly: AssemblyFixture(typeof(ApiOnKeycloak))]

// Tests wait for servers more than they compute: with a thread for each of two cores, two that wait for Keycloak's start
// would hold up all others.
[assembly: Xunit.v3.Parallelization(MaxThreads = 8)]
