using System.Net;
using System.Text.Json;
using Api.Tests.Infrastructure;
using KeycloakRealm;
using Microsoft.Extensions.Logging;

namespace Api.Tests.Realm;

/// <summary>Several realms in one embedded realm, from several files, from one, and with their users in files of their own.</summary>
public sealed class SeveralRealmsTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("realms-");

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Each_file_is_a_realm_with_its_own_issuer_people_and_clients()
    {
        await using var server = await StartAsync(RealmUnderTest.RealmFile, Write("second.json", Realm("second", "zoe")));

        Assert.Equal(["acme", "second"], server.Realms.Select(realm => realm.Name));
        Assert.Equal(
            server.Realms.Select(realm => $"{server.Url.GetLeftPart(UriPartial.Authority)}/realms/{realm.Name}"),
            server.Realms.Select(realm => realm.Issuer));
        Assert.Equal(["zoe"], server.Realms[1].People.Select(person => person.Username));
        Assert.Equal(["service"], server.Realms[1].Clients.Select(client => client.ClientId));
        // What is said of the one realm is said of the first.
        Assert.Equal(("acme", server.Realms[0].Issuer), (server.RealmName, server.Issuer));
        Assert.Equal(server.Realms[0].People, server.People);
        Assert.Equal(server.Realms[0].Clients, server.Clients);
    }

    [Fact]
    public async Task A_realm_signs_with_keys_of_its_own_and_knows_nothing_of_another_ones_tokens()
    {
        await using var server = await StartAsync(Write("first.json", Realm("first", "ann")), Write("second.json", Realm("second", "zoe")));

        var token = Jwt.Decode(await RealmFileUnderTest.TokenAsync(server.Realms[0].Issuer, Cancel));

        Assert.True(token.IsSignedBy(await CertsAsync(server.Realms[0])));
        Assert.DoesNotContain(token.Header.GetProperty("kid").GetString(), KeyIds(await CertsAsync(server.Realms[1])));
    }

    [Fact]
    public async Task Keys_are_kept_for_each_realm()
    {
        string[] files = [Write("first.json", Realm("first", "ann")), Write("second.json", Realm("second", "zoe"))];
        var state = Path.Combine(_folder.FullName, "state");
        List<string?> before;
        await using (var server = await StartAsync(files, state))
        {
            before = [.. KeyIds(await CertsAsync(server.Realms[0])), .. KeyIds(await CertsAsync(server.Realms[1]))];
        }

        await using var again = await StartAsync(files, state);

        Assert.Equal(before, [.. KeyIds(await CertsAsync(again.Realms[0])), .. KeyIds(await CertsAsync(again.Realms[1]))]);
        Assert.Equal(4, before.Distinct(StringComparer.Ordinal).Count());
    }

    [Fact]
    public async Task A_file_may_hold_an_array_of_realms()
    {
        await using var server = await StartAsync(Write("both.json", $"[{Realm("first", "ann")},{Realm("second", "zoe")}]"));

        Assert.Equal(["first", "second"], server.Realms.Select(realm => realm.Name));
    }

    [Fact]
    public async Task Users_in_files_beside_the_realm_file_are_its_users_too()
    {
        Write("second-users-0.json", """
            {"realm":"second","users":[
            {"username":"bob","enabled":true,"groups":["/staff"],"credentials":[{"type":"password","value":"b"}]}]}
            """);
        Write("second-users-10.json", """{"realm":"second","users":[{"username":"ida"}]}""");
        Write("second-users-2.json", """{"realm":"second","users":[{"username":"cid"}]}""");
        Write("other-users-0.json", """{"realm":"other","users":[{"username":"eve"}]}""");

        await using var server = await StartAsync(Write("second-realm.json", Realm("second", "zoe")));

        Assert.Equal(["zoe", "bob", "cid", "ida"], server.People.Select(person => person.Username));
    }

    [Fact]
    public async Task The_account_of_a_service_may_stand_in_a_file_of_users()
    {
        Write("second-users-0.json", """
            {"realm":"second","users":[{"username":"service-account-service","enabled":true,
            "serviceAccountClientId":"service","attributes":{"kept":["yes"]}}]}
            """);

        await using var server = await StartAsync(Write("second-realm.json", Realm("second", "zoe")));

        // It is no person, and the client has not been given another account, whose tokens would have the scope that comes with it.
        Assert.Equal(["zoe"], server.People.Select(person => person.Username));
        Assert.False(Jwt.Decode(await RealmFileUnderTest.TokenAsync(server.Issuer, Cancel)).Payload.TryGetProperty("clientHost", out _));
    }

    [Fact]
    public async Task A_mistake_in_a_file_of_users_is_named_with_that_file()
    {
        Write("second-users-0.json", """{"realm":"second","users":[{"username":"bob","groups":["/nowhere"]}]}""");

        var exception = await Assert.ThrowsAsync<EmbeddedRealmException>(() =>
            StartAsync(Write("second-realm.json", Realm("second", "zoe"))));

        Assert.Contains("second-users-0.json: $.users[0]", exception.Message, StringComparison.Ordinal);
        Assert.Contains("/nowhere", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Users_of_another_realm_are_refused()
    {
        Write("second-users-0.json", """{"realm":"third","users":[]}""");

        var exception = await Assert.ThrowsAsync<EmbeddedRealmException>(() =>
            StartAsync(Write("second-realm.json", Realm("second", "zoe"))));

        Assert.Contains(
            "second-users-0.json: $.realm: Trying to import users into invalid realm", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_of_users_by_itself_is_refused_and_the_realm_file_named()
    {
        var exception = await Assert.ThrowsAsync<EmbeddedRealmException>(() =>
            StartAsync(Write("second-users-0.json", """{"users":[]}""")));

        Assert.Contains("Name second-realm.json instead", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Two_realms_of_one_name_are_refused_in_one_line_that_names_both_files()
    {
        var exception = await Assert.ThrowsAsync<EmbeddedRealmException>(
            () => StartAsync(Write("one.json", Realm("same", "ann")), Write("two.json", Realm("same", "zoe"))));

        Assert.Contains("one.json", exception.Message, StringComparison.Ordinal);
        Assert.Contains("two.json", exception.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', exception.Message);
    }

    [Fact]
    public async Task A_mistake_in_an_array_of_realms_is_named_with_its_place()
    {
        var exception = await Assert.ThrowsAsync<EmbeddedRealmException>(
            () => StartAsync(Write("both.json", $$"""[{{Realm("first", "ann")}},{"realm":"second","colour":"red"}]""")));

        Assert.Contains("$[1].colour", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_whose_name_Keycloak_would_take_for_another_realm_is_warned_about()
    {
        using var lines = new LogLines();
        using var loggers = LoggerFactory.Create(logging => logging.AddProvider(lines));
        var options = RealmFileUnderTest.Options(
            Write("first-realm.json", Realm("first", "ann")), Write("my-realm.json", Realm("second", "zoe")));
        options.LoggerFactory = loggers;

        await using var server = await EmbeddedRealm.StartAsync(options, Cancel);

        Assert.Contains("it would have to be called second-realm.json", lines.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("first-realm.json", lines.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_administrator_looks_after_every_realm()
    {
        var options = RealmFileUnderTest.Options(Write("first.json", Realm("first", "ann")), Write("second.json", Realm("second", "zoe")));
        options.Administrator = new NetworkCredential("admin", "secret");
        await using var server = await EmbeddedRealm.StartAsync(options, Cancel);
        using var http = new HttpClient();
        using var form = new FormUrlEncodedContent(
            [new("grant_type", "password"), new("client_id", "admin-cli"), new("username", "admin"), new("password", "secret")]);
        var answer = await http.PostAsync(new Uri(server.Url, "/realms/master/protocol/openid-connect/token"), form, Cancel);
        var token = JsonElement.Parse(await answer.Content.ReadAsStringAsync(Cancel)).GetProperty("access_token").GetString();
        http.DefaultRequestHeaders.Authorization = new("Bearer", token);

        foreach (var realm in new[] { "first", "second" })
        {
            Assert.Equal(HttpStatusCode.OK, (await http.GetAsync(new Uri(server.Url, $"/admin/realms/{realm}/users"), Cancel)).StatusCode);
        }
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private static string Realm(string name, string person) => RealmFileUnderTest.Realm(name, person);

    private static Task<EmbeddedRealm> StartAsync(params string[] files) => StartAsync(files, RealmFileUnderTest.KeptKeys);

    private static Task<EmbeddedRealm> StartAsync(string[] files, string stateFolder)
    {
        var options = RealmFileUnderTest.Options(files);
        options.StateFolder = stateFolder;
        return EmbeddedRealm.StartAsync(options, Cancel);
    }

    private static async Task<JsonElement> CertsAsync(ServedRealm realm)
    {
        using var http = new HttpClient();
        return JsonElement.Parse(await http.GetStringAsync($"{realm.Issuer}/protocol/openid-connect/certs", Cancel));
    }

    private static IEnumerable<string?> KeyIds(JsonElement certs) =>
        certs.GetProperty("keys").EnumerateArray().Select(key => key.GetProperty("kid").GetString());

    private string Write(string name, string content)
    {
        var file = Path.Combine(_folder.FullName, name);
        File.WriteAllText(file, content);
        return file;
    }
}
