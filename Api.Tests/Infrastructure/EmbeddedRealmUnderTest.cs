using System.Collections.Concurrent;
using System.Net;
using System.Text.Json.Nodes;
using KeycloakRealm;

namespace Api.Tests.Infrastructure;

/// <summary>The embedded realm, in this process.</summary>
public sealed class EmbeddedRealmUnderTest : RealmUnderTest
{
    private readonly TimeProvider _clock;
    private readonly string _file;
    private string? _apiUrl;
    private EmbeddedRealm? _realm;
    private readonly ConcurrentBag<EmbeddedRealm> _others = [];

    public EmbeddedRealmUnderTest()
        : this(TimeProvider.System, RealmFile)
    {
    }

    /// <summary>A realm of its own, for an application at that address.</summary>
    public static EmbeddedRealmUnderTest For(string apiUrl) => new(TimeProvider.System, RealmFile) { _apiUrl = apiUrl };

    private EmbeddedRealmUnderTest(TimeProvider clock, string file)
    {
        _clock = clock;
        _file = file;
    }

    /// <summary>Lends a realm of its own, from a file with that client, whose clock the answer moves.</summary>
    public override Task<RealmWithClient> AddClientAsync(JsonObject client) =>
        WithChangesAsync(content => content["clients"]!.AsArray().Add(client));

    /// <summary>Lends a realm of its own, from a file with those changes, whose clock the answer moves.</summary>
    public static async Task<RealmWithClient> WithChangesAsync(Action<JsonNode> change)
    {
        var clock = new MovableClock();
        var realm = await LendAsync(change, clock);
        return new(
            realm,
            pass: time =>
            {
                clock.Advance(time);
                return Task.CompletedTask;
            },
            restore: realm.DisposeAsync);
    }

    /// <summary>Lends a realm of its own, from a file with that person.</summary>
    public override async Task<RealmWithPerson> AddPersonAsync()
    {
        const string name = "somebody";
        var person = PersonNamed(name);
        person["realmRoles"] = new JsonArray("staff");
        var realm = await LendAsync(content => content["users"]!.AsArray().Add(person), _clock);
        return new(
            realm,
            name,
            (role, has) => realm.ChangeRoleAsync(name, role, has),
            () => realm.DisableAsync(name),
            restore: realm.DisposeAsync);
    }

    private static async Task<EmbeddedRealmUnderTest> LendAsync(Action<JsonNode> change, TimeProvider clock)
    {
        var content = JsonNode.Parse(await File.ReadAllTextAsync(RealmFile, TestContext.Current.CancellationToken))!;
        change(content);
        var folder = Directory.CreateTempSubdirectory("realm-");
        try
        {
            var file = Path.Combine(folder.FullName, "acme-realm.json");
            await File.WriteAllTextAsync(file, content.ToJsonString(), TestContext.Current.CancellationToken);
            var realm = new EmbeddedRealmUnderTest(clock, file);
            await realm.StartAsync();
            return realm;
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>Starts a realm of its own from the text, and stops it.</summary>
    public override async Task<string?> TryImportAsync(string realm)
    {
        var file = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(file, realm, TestContext.Current.CancellationToken);
            await using var started = await EmbeddedRealm.StartAsync(
                RealmFileUnderTest.Options(file),
                TestContext.Current.CancellationToken);
            return null;
        }
        catch (EmbeddedRealmException exception)
        {
            return exception.Message;
        }
        finally
        {
            File.Delete(file);
        }
    }

    protected override async Task<Uri> ImportAsync(string realmFile)
    {
        var options = RealmFileUnderTest.Options(realmFile);
        options.TimeProvider = _clock;
        var other = await EmbeddedRealm.StartAsync(options);
        _others.Add(other);
        return other.Url;
    }

    protected override async Task StartServerAsync()
    {
        ApiUrl = _apiUrl ?? $"http://localhost:{FreePort.Find()}";
        var options = RealmFileUnderTest.Options(_file);
        options.Placeholders = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["ACME_API_URL"] = ApiUrl,
            ["ACME_API_BACKCHANNEL_URL"] = ApiUrl,
        };
        options.TimeProvider = _clock;
        options.Administrator = new NetworkCredential(Administrator.Name, Administrator.Password);
        _realm = await EmbeddedRealm.StartAsync(options);
        Url = _realm.Url;
    }

    protected override async ValueTask StopServerAsync()
    {
        if (_realm is not null)
        {
            await _realm.DisposeAsync();
        }

        foreach (var other in _others)
        {
            await other.DisposeAsync();
        }
    }

    private sealed class MovableClock : TimeProvider
    {
        private TimeSpan _ahead;

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + _ahead;

        public void Advance(TimeSpan by) => _ahead += by;
    }
}
