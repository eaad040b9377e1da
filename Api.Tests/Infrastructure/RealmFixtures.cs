using Api.Tests.Infrastructure;

[assembly: AssemblyFixture(typeof(EmbeddedRealmUnderTest))]
[assembly: AssemblyFixture(typeof(KeycloakUnderTest))]
