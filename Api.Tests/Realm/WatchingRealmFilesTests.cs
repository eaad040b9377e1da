using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text.Json;
using Api.Tests.Infrastructure;
using KeycloakRealm;
using Microsoft.Extensions.Logging;

namespace Api.Tests.Realm;

/// <summary>The embedded realm looks after its files, however an editor writes them, and nobody who calls it notices.</summary>
public sealed class WatchingRealmFilesTests : IAsyncDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("watch-");
    private readonly LogLines _lines = new();
    private readonly ILoggerFactory _loggers;
    private readonly HttpClient _http = new();
    private EmbeddedRealm? _realm;

    public WatchingRealmFilesTests() => _loggers = LoggerFactory.Create(logging => logging.AddProvider(_lines));

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private EmbeddedRealm Realm => _realm!;

    private string File1 => Path.Combine(_folder.FullName, "one.json");

    public static TheoryData<string, Action<string, string>> WaysToWrite => new()
    {
        { "in one go", File.WriteAllText },
        {
            "in several steps", (file, content) =>
            {
                using var writer = new StreamWriter(file);
                foreach (var part in content.Chunk(content.Length / 3))
                {
                    writer.Write(part);
                    writer.Flush();
                    Task.Delay(40, Cancel).Wait(Cancel);
                }
            }
        },
        {
            "beside, and renamed over", (file, content) =>
            {
                File.WriteAllText(file + ".new", content);
                File.Move(file + ".new", file, overwrite: true);
            }
        },
        {
            "after the old one was renamed", (file, content) =>
            {
                File.Move(file, file + "~");
                Task.Delay(50, Cancel).Wait(Cancel);
                File.WriteAllText(file, content);
                File.Delete(file + "~");
            }
        },
        {
            "deleted and made again", (file, content) =>
            {
                File.Delete(file);
                Task.Delay(50, Cancel).Wait(Cancel);
                File.WriteAllText(file, content);
            }
        },
        {
            "as the target of a link", (file, content) =>
            {
                File.WriteAllText(file + ".1", content);
                File.Delete(file);
                File.CreateSymbolicLink(file, file + ".1");
            }
        },
    };

    [Theory]
    [MemberData(nameof(WaysToWrite))]
    public async Task A_changed_file_is_loaded_again_however_it_is_written(string way, Action<string, string> write)
    {
        await StartAsync(RealmFileUnderTest.Realm("one", "ann", secret: "before"));

        TestContext.Current.TestOutputHelper?.WriteLine(way);
        write(File1, RealmFileUnderTest.Realm("one", "zoe", secret: "after"));
        await UntilAsync(() => Realm.People[0].Username == "zoe");

        Assert.Equal("after", Realm.Clients[0].Secret);
        await RealmFileUnderTest.TokenAsync(Realm.Issuer, Cancel, "after");
        await Assert.ThrowsAsync<HttpRequestException>(() => RealmFileUnderTest.TokenAsync(Realm.Issuer, Cancel, "before"));
    }

    [Fact]
    public async Task No_request_fails_while_files_are_loaded_again()
    {
        await StartAsync(RealmFileUnderTest.Realm("one", "person0"));
        using var done = new CancellationTokenSource();
        var callers = Enumerable.Range(0, 4).Select(_ => Task.Run(
            async () =>
            {
                var calls = 0;
                for (; !done.IsCancellationRequested; calls++)
                {
                    await RealmFileUnderTest.TokenAsync(Realm.Issuer, Cancel);
                }

                return calls;
            },
            Cancel)).ToList();

        for (var i = 1; i <= 4; i++)
        {
            await File.WriteAllTextAsync(File1, RealmFileUnderTest.Realm("one", $"person{i}"), Cancel);
            await UntilAsync(() => Realm.People[0].Username == $"person{i}");
        }

        await done.CancelAsync();
        Assert.All(await Task.WhenAll(callers), calls => Assert.True(calls > 0));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Tokens_of_before_verify_after_it_and_sessions_are_gone(bool hasStateFolder)
    {
        await StartAsync(RealmFileUnderTest.Realm("one", "ann"), hasStateFolder);
        var service = await RealmFileUnderTest.TokenAsync(Realm.Issuer, Cancel);
        var signedIn = await SignInAsync("ann");
        Assert.Equal(HttpStatusCode.OK, (await UserInfoAsync(signedIn)).StatusCode);

        await ChangeAsync(RealmFileUnderTest.Realm("one", "ann", secret: "other"));

        var certs = JsonElement.Parse(await _http.GetStringAsync($"{Realm.Issuer}/protocol/openid-connect/certs", Cancel));
        Assert.True(Jwt.Decode(service).IsSignedBy(certs));
        Assert.True(Jwt.Decode(signedIn).IsSignedBy(certs));
        Assert.Equal(HttpStatusCode.Unauthorized, (await UserInfoAsync(signedIn)).StatusCode);
    }

    [Fact]
    public async Task A_key_that_was_made_for_an_algorithm_lives_on()
    {
        static string WithAlgorithm(string secret) => RealmFileUnderTest.Realm("one", "ann", secret)
            .Replace(
                "\"enabled\": true, \"groups\"",
                "\"enabled\": true, \"defaultSignatureAlgorithm\": \"ES256\", \"groups\"",
                StringComparison.Ordinal);
        await StartAsync(WithAlgorithm("s"));
        var token = Jwt.Decode(await RealmFileUnderTest.TokenAsync(Realm.Issuer, Cancel));
        Assert.Equal("ES256", token.Header.GetProperty("alg").GetString());

        await ChangeAsync(WithAlgorithm("other"));

        var certs = await _http.GetStringAsync($"{Realm.Issuer}/protocol/openid-connect/certs", Cancel);
        Assert.Contains(token.Header.GetProperty("kid").GetString()!, certs, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_that_is_written_anew_and_says_the_same_ends_no_session()
    {
        var content = RealmFileUnderTest.Realm("one", "ann");
        var second = Path.Combine(_folder.FullName, "two.json");
        await File.WriteAllTextAsync(second, RealmFileUnderTest.Realm("two", "zoe"), Cancel);
        await StartAsync(content, files: second);
        var token = await SignInAsync("ann");

        await File.WriteAllTextAsync(File1, "\n" + content, Cancel);
        await File.WriteAllTextAsync(second, RealmFileUnderTest.Realm("two", "yve"), Cancel);
        await UntilAsync(() => Realm.Realms[1].People[0].Username == "yve");

        Assert.Equal(HttpStatusCode.OK, (await UserInfoAsync(token)).StatusCode);
    }

    [Theory]
    [InlineData("""{"realm":"one","enabled":true,"colour":"red"}""", "$.colour")]
    [InlineData("""{"realm":"one",""" + "\n" + """ "enabled":tru}""", "line 2")]
    [InlineData("""{"realm":"two"}""", "two.json")]
    public async Task A_file_that_cannot_be_imported_is_reported_in_one_line_and_the_realm_continues(string content, string expected)
    {
        var second = Path.Combine(_folder.FullName, "two.json");
        await File.WriteAllTextAsync(second, RealmFileUnderTest.Realm("two", "zoe"), Cancel);
        await StartAsync(RealmFileUnderTest.Realm("one", "ann"), files: second);
        var token = await SignInAsync("ann");

        await File.WriteAllTextAsync(File1, content, Cancel);
        await UntilAsync(() => _lines.Text.Contains("Error", StringComparison.Ordinal));

        var line = Assert.Single(
            _lines.Text.Split('\n', StringSplitOptions.RemoveEmptyEntries), line => line.StartsWith("Error", StringComparison.Ordinal));
        Assert.Contains("one.json", line, StringComparison.Ordinal);
        Assert.Contains(expected, line, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, (await UserInfoAsync(token)).StatusCode);

        // Once it is corrected it is loaded.
        await ChangeAsync(RealmFileUnderTest.Realm("one", "zoe"));
        Assert.Equal("zoe", Realm.People[0].Username);
    }

    [Fact]
    public async Task A_file_that_vanishes_takes_nothing_with_it_until_it_is_back()
    {
        await StartAsync(RealmFileUnderTest.Realm("one", "ann"));

        File.Delete(File1);
        await UntilAsync(() => _lines.Text.Contains("cannot be read", StringComparison.Ordinal));
        await SignInAsync("ann");

        await ChangeAsync(RealmFileUnderTest.Realm("one", "zoe"));
        await SignInAsync("zoe");
    }

    [Fact]
    public async Task A_realm_of_another_name_is_another_realm()
    {
        await StartAsync(RealmFileUnderTest.Realm("one", "ann"));
        var before = Realm.Issuer;

        await ChangeAsync(RealmFileUnderTest.Realm("renamed", "ann"));

        Assert.Equal(HttpStatusCode.NotFound, (await _http.GetAsync(before, Cancel)).StatusCode);
        Assert.EndsWith("/realms/renamed", Realm.Issuer, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, (await _http.GetAsync(Realm.Issuer, Cancel)).StatusCode);

        // It is said once the new realm is served.
        await UntilAsync(() => _lines.Text.Contains("The realm one is in no file any more", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_file_of_users_that_comes_goes_or_changes_is_noticed()
    {
        var users = Path.Combine(_folder.FullName, "one-users-0.json");
        await StartAsync(RealmFileUnderTest.Realm("one", "ann"), name: "one-realm.json");

        await File.WriteAllTextAsync(users, """{"users":[{"username":"bob"}]}""", Cancel);
        await UntilAsync(() => Realm.People.Count == 2);
        await File.WriteAllTextAsync(users, """{"users":[{"username":"cid"}]}""", Cancel);
        await UntilAsync(() => Realm.People[^1].Username == "cid");
        File.Delete(users);
        await UntilAsync(() => Realm.People.Count == 1);
    }

    [Fact]
    public async Task A_request_that_is_under_way_ends_on_the_realm_that_it_began_on()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var told = $"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}/";
        var content = RealmFileUnderTest.Realm("one", "ann")
            .Replace(
                "\"serviceAccountsEnabled\"",
                $"\"attributes\": {{ \"backchannel.logout.url\": \"{told}\" }}, \"serviceAccountsEnabled\"",
                StringComparison.Ordinal);
        await StartAsync(content);
        var refreshToken = (await SignInAnswerAsync("ann")).GetProperty("refresh_token").GetString()!;

        // The logout waits for the client's answer, and meanwhile the realm is replaced.
        var logout = LogOutAsync(refreshToken);
        using TcpClient connection = await listener.AcceptTcpClientAsync(Cancel);
        await ChangeAsync(content.Replace("\"s\"", "\"other\"", StringComparison.Ordinal));
        await connection.GetStream().WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"u8.ToArray(), Cancel);

        Assert.Equal(HttpStatusCode.NoContent, await logout);
        Assert.DoesNotContain("did not reach", _lines.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nothing_is_loaded_again_unless_it_was_asked_for()
    {
        await File.WriteAllTextAsync(File1, RealmFileUnderTest.Realm("one", "ann"), Cancel);
        _realm = await EmbeddedRealm.StartAsync(RealmFileUnderTest.Options(File1), Cancel);

        await File.WriteAllTextAsync(File1, RealmFileUnderTest.Realm("one", "zoe"), Cancel);
        await Task.Delay(TimeSpan.FromSeconds(1), Cancel);

        Assert.Equal("ann", Realm.People[0].Username);
    }

    public async ValueTask DisposeAsync()
    {
        if (_realm is not null)
        {
            await _realm.DisposeAsync();
        }

        _http.Dispose();
        _loggers.Dispose();
        _lines.Dispose();
        _folder.Delete(recursive: true);
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        for (var i = 0; i < 300 && !condition(); i++)
        {
            await Task.Delay(50, Cancel);
        }

        Assert.True(condition());
    }

    private async Task StartAsync(string content, bool? hasStateFolder = null, string name = "one.json", params string[] files)
    {
        var file = Path.Combine(_folder.FullName, name);
        await File.WriteAllTextAsync(file, content, Cancel);
        var options = RealmFileUnderTest.Options([file, .. files]);
        options.Watch = true;
        options.LoggerFactory = _loggers;
        options.StateFolder = hasStateFolder switch
        {
            true => Path.Combine(_folder.FullName, "state"),
            false => null,
            null => RealmFileUnderTest.KeptKeys,
        };
        _realm = await EmbeddedRealm.StartAsync(options, Cancel);
    }

    private async Task ChangeAsync(string content)
    {
        var before = Realm.Realms;
        await File.WriteAllTextAsync(File1, content, Cancel);
        await UntilAsync(() => Realm.Realms != before);
    }

    private async Task<string> SignInAsync(string person) => (await SignInAnswerAsync(person)).GetProperty("access_token").GetString()!;

    private async Task<JsonElement> SignInAnswerAsync(string person)
    {
        using var form = new FormUrlEncodedContent(
        [
            new("grant_type", "password"), new("scope", "openid"), new("client_id", RealmFileUnderTest.ClientId), new("client_secret", "s"),
            new("username", person), new("password", person),
        ]);
        using var answer = await _http.PostAsync($"{Realm.Issuer}/protocol/openid-connect/token", form, Cancel);
        answer.EnsureSuccessStatusCode();
        return JsonElement.Parse(await answer.Content.ReadAsStringAsync(Cancel));
    }

    private async Task<HttpStatusCode> LogOutAsync(string refreshToken)
    {
        using var form = new FormUrlEncodedContent(
            [new("client_id", RealmFileUnderTest.ClientId), new("client_secret", "s"), new("refresh_token", refreshToken)]);
        using var answer = await _http.PostAsync($"{Realm.Issuer}/protocol/openid-connect/logout", form, Cancel);
        return answer.StatusCode;
    }

    private async Task<HttpResponseMessage> UserInfoAsync(string token)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{Realm.Issuer}/protocol/openid-connect/userinfo");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return await _http.SendAsync(request, Cancel);
    }
}
