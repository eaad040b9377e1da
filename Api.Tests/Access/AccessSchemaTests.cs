using System.Text;
using System.Text.Json;
using Api.Tests.Delivery;
using Api.Tests.Infrastructure;
using CsCheck;
using Json.Schema;
using KeycloakAccess.Permissions;
using KeycloakAccess.RulesDocument;
using Microsoft.Extensions.DependencyInjection;

namespace Api.Tests.Access;

/// <summary>The schema that editors read says of a document what the reader says.</summary>
public sealed class AccessSchemaTests(ApiOnEmbeddedRealm api) : ApiTests(api)
{
    private static readonly JsonSchema Schema = JsonSchema.FromText(Encoding.UTF8.GetString(AccessDocumentSchema.Write(
        AccessSamples.Catalogue)));

    [Fact]
    public void The_schema_beside_the_sources_is_the_one_of_the_models_that_they_declare()
    {
        var expected = Encoding.UTF8.GetString(AccessDocumentSchema.Write(Api.Services.GetRequiredService<PermissionCatalogue>()));

        Assert.True(
            expected == Repository.Read("Api", "access.schema.json"),
            "Api/access.schema.json is out of date. Write it anew: dotnet run --project Api -- access schema --output access.schema.json");
    }

    [Fact]
    public void Every_document_fits_it() =>
        AccessSamples.Document.Sample(document => Assert.True(Fits(document.Text()), document.Text()));

    [Theory]
    [InlineData("""[]""")]
    [InlineData("""{}""")]
    [InlineData("""{"groups":{},"group":{}}""")]
    [InlineData("""{"groups":{"Readers":{}}}""")]
    [InlineData("""{"groups":{"a":{"permission":[]}}}""")]
    [InlineData("""{"groups":{"a":{"permissions":["book:veiw"]}}}""")]
    [InlineData("""{"groups":{"a":{"permissions":["book:view","book:view"]}}}""")]
    [InlineData("""{"groups":{"a":{"isDefault":"true"}}}""")]
    [InlineData("""{"groups":{"a":{"roleMappings":[{"kind":"realm-role"}]}}}""")]
    [InlineData("""{"groups":{"a":{"roleMappings":[{"kind":"user","name":"staff"}]}}}""")]
    [InlineData("""{"groups":{"a":{"roleMappings":[{"kind":"realm-role","client":"acme-api","name":"staff"}]}}}""")]
    [InlineData("""{"groups":{"a":{"roleMappings":[{"kind":"client-role","name":"staff"}]}}}""")]
    [InlineData("""{"groups":{"a":{"roleMappings":[{"kind":"keycloak-group","name":"operations"}]}}}""")]
    public void What_an_editor_can_see_does_not_fit_it(string text)
    {
        Assert.False(Fits(text));
        Assert.Null(AccessDocumentReader.Read(Encoding.UTF8.GetBytes(text), AccessSamples.Catalogue, out _));
    }

    private static bool Fits(string text) => Schema.Evaluate(JsonElement.Parse(text)).IsValid;
}
