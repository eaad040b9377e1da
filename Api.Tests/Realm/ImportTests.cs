using System.Text.Json.Nodes;
using Api.Tests.Infrastructure;

namespace Api.Tests.Realm;

/// <summary>
/// What is refused at import, and what is not although it looks as if it should be. Keycloak mostly answers with a status
/// alone and tells the reason to its log; the embedded realm tells it, with the place in the file.
/// </summary>
public abstract class ImportTests(RealmUnderTest realm, string server) : RealmTests(realm)
{
    private static readonly Dictionary<string, JsonObject> Cases = JsonNode.Parse(Read("refused-realms.json"))!.AsArray()
        .ToDictionary(each => each!["what"]!.GetValue<string>(), each => each!.AsObject(), StringComparer.Ordinal);

    public static TheoryData<string> Refused => [.. Cases.Keys];

    [Theory]
    [MemberData(nameof(Refused))]
    public async Task What_is_wrong_is_refused(string what)
    {
        var given = Cases[what];

        var answer = await Realm.TryImportAsync(given["text"]?.GetValue<string>() ?? given["file"]!.ToJsonString());

        Assert.NotNull(answer);
        var expected = given[server]!.GetValue<string>();
        if (server is "keycloak")
        {
            Assert.Equal(expected, answer);
        }
        else
        {
            Assert.Contains(expected, answer, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task What_only_looks_wrong_is_imported() => Assert.Null(await Realm.TryImportAsync(Read("accepted-realm.json")));

    private static string Read(string name) => File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Realm", name));
}

public sealed class EmbeddedImportTests(EmbeddedRealmUnderTest realm) : ImportTests(realm, "embedded");

public sealed class KeycloakImportTests(KeycloakUnderTest realm) : ImportTests(realm, "keycloak");
