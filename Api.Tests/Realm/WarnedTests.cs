using System.Text.Json.Nodes;
using Api.Tests.Infrastructure;
using KeycloakRealm;
using Microsoft.Extensions.Logging;

namespace Api.Tests.Realm;

/// <summary>
/// What Keycloak imports only where it finds something that no realm file holds, or imports and cannot do: the embedded realm starts,
/// and says so with the place.
/// </summary>
public abstract class WarnedTests(RealmUnderTest realm) : RealmTests(realm)
{
    private static readonly Dictionary<string, JsonObject> Cases = JsonNode.Parse(
            File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Realm", "warned-realms.json")))!.AsArray()
        .ToDictionary(each => each!["what"]!.GetValue<string>(), each => each!.AsObject(), StringComparer.Ordinal);

    public static TheoryData<string> Warned => [.. Cases.Keys];

    [Theory]
    [MemberData(nameof(Warned))]
    public Task What_depends_on_more_than_the_file_is_told(string what) => CheckAsync(Cases[what]);

    protected abstract Task CheckAsync(JsonObject given);
}

public sealed class EmbeddedWarnedTests(EmbeddedRealmUnderTest realm) : WarnedTests(realm)
{
    protected override async Task CheckAsync(JsonObject given)
    {
        var file = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(file, given["file"]!.ToJsonString(), TestContext.Current.CancellationToken);
            using var lines = new LogLines();
            using var loggers = LoggerFactory.Create(logging => logging.AddProvider(lines));
            var options = RealmFileUnderTest.Options(file);
            options.LoggerFactory = loggers;

            await using var started = await EmbeddedRealm.StartAsync(options, TestContext.Current.CancellationToken);

            Assert.Contains(given["embedded"]!.GetValue<string>(), lines.Text, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(file);
        }
    }
}

public sealed class KeycloakWarnedTests(KeycloakUnderTest realm) : WarnedTests(realm)
{
    protected override async Task CheckAsync(JsonObject given) =>
        Assert.Equal(given["keycloak"]?.GetValue<string>(), await Realm.TryImportAsync(given["file"]!.ToJsonString()));
}
