using Api.Tests.Infrastructure;

[assembly: AssemblyFixture(typeof(EmbeddedRealmUnderTest))]
[assembly: AssemblyFixture(typeof(KeycloakUnderTest))]

// Tests wait for servers more than they compute: with a thread for each of two cores, two that wait for Keycloak's start
// would hold up all others.
[assembly: Xunit.v3.Parallelization(MaxThreads = 8)]
