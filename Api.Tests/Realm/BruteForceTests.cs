using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Api.Tests.Infrastructure;
using static System.Net.HttpStatusCode;

namespace Api.Tests.Realm;

/// <summary>Accounts that somebody fails to sign in to are locked out, for a while or for good. Nobody is told that they are.</summary>
public abstract class BruteForceTests(RealmUnderTest realm) : RealmTests(realm)
{
    private const string Wrong = "Invalid user credentials";
    private const string WrongOnPage = "Invalid username or password.";
    private const string Secret = "abcdefghij0123456789";

    // Keycloak counts a failure after it has answered.
    private static readonly TimeSpan Counting = TimeSpan.FromMilliseconds(700);

    [Fact]
    public async Task A_locked_account_reads_as_a_wrong_password_until_the_time_is_over()
    {
        var issuer = await ServeAsync("temporary", [("waitIncrementSeconds", 8)]);
        await FailAsync(issuer, 2);

        AssertError(await GrantAsync(issuer, "ada"), BadRequest, "invalid_grant", Wrong);
        using var browser = new RealmBrowser(new(issuer));
        var page = await browser.SubmitLoginAsync(await browser.GetAsync(AddressOf(issuer)), "ada", "ada");
        Assert.Equal(WrongOnPage, Words(page.Page.QuerySelector("#input-error-username")));
        Assert.Equal(OK, (await GrantAsync(issuer, "bob")).Status);

        await WaitAsync(9);
        Assert.Equal(Redirect, (await browser.SubmitLoginAsync(page, "ada", "ada")).Status);
    }

    [Fact]
    public async Task Who_signs_in_begins_anew()
    {
        var issuer = await ServeAsync("success", [("waitIncrementSeconds", 60)]);
        for (var i = 0; i < 3; i++)
        {
            await FailAsync(issuer, 1);
            Assert.Equal(OK, (await GrantAsync(issuer, "ada")).Status);
            await Task.Delay(Counting, TestContext.Current.CancellationToken);
        }
    }

    [Fact]
    public async Task A_sign_in_without_protection_may_fail_as_often_as_it_likes()
    {
        var issuer = await ServeAsync("unprotected", [("bruteForceProtected", false)]);
        await FailAsync(issuer, 4);

        Assert.Equal(OK, (await GrantAsync(issuer, "ada")).Status);
    }

    [Theory]
    [InlineData("MULTIPLE", true)]
    [InlineData("LINEAR", false)]
    public async Task The_time_grows_with_each_failure_or_with_each_lockout(string strategy, bool isOver)
    {
        var issuer = await ServeAsync(strategy, [("waitIncrementSeconds", 6), ("bruteForceStrategy", strategy)]);
        await FailAsync(issuer, 2);
        await WaitAsync(7);
        await FailAsync(issuer, 1);

        // Six seconds more, or twelve.
        await WaitAsync(6.5);
        Assert.Equal(isOver ? OK : BadRequest, (await GrantAsync(issuer, "ada")).Status);
    }

    [Fact]
    public async Task No_time_is_longer_than_the_longest()
    {
        var issuer = await ServeAsync("longest", [("waitIncrementSeconds", 600), ("maxFailureWaitSeconds", 5)]);
        await FailAsync(issuer, 2);
        AssertError(await GrantAsync(issuer, "ada"), BadRequest, "invalid_grant", Wrong);

        await WaitAsync(6);
        Assert.Equal(OK, (await GrantAsync(issuer, "ada")).Status);
    }

    [Fact]
    public async Task Failures_that_follow_each_other_quickly_lock_out_too()
    {
        var issuer = await ServeAsync("quick", [("failureFactor", 30), ("quickLoginCheckMilliSeconds", 60_000)]);
        await FailAsync(issuer, 1);
        Assert.Equal(OK, (await GrantAsync(issuer, "ada")).Status);
        await Task.Delay(Counting, TestContext.Current.CancellationToken);

        await FailAsync(issuer, 2);

        AssertError(await GrantAsync(issuer, "ada"), BadRequest, "invalid_grant", Wrong);
    }

    [Fact]
    public async Task Failures_of_long_ago_are_forgotten()
    {
        var issuer = await ServeAsync("forgotten", [("maxDeltaTimeSeconds", 2), ("waitIncrementSeconds", 60)]);
        await FailAsync(issuer, 1);
        await WaitAsync(3);
        await FailAsync(issuer, 1);

        Assert.Equal(OK, (await GrantAsync(issuer, "ada")).Status);
    }

    [Fact]
    public async Task An_account_that_is_locked_for_good_is_disabled_until_an_administrator_enables_it()
    {
        var issuer = await ServeAsync("permanent", [("permanentLockout", true)]);
        await FailAsync(issuer, 2);

        AssertError(await GrantAsync(issuer, "ada"), BadRequest, "invalid_grant", Wrong);
        using var browser = new RealmBrowser(new(issuer));
        var page = await browser.SubmitLoginAsync(await browser.GetAsync(AddressOf(issuer)), "ada", "ada");
        Assert.Equal(WrongOnPage, Words(page.Page.QuerySelector("#input-error-username")));
        var account = await FindAsync(issuer);
        Assert.False(account["enabled"]!.GetValue<bool>());
        Assert.Equal("permanentLockout", account["attributes"]!["disabledReason"]![0]!.GetValue<string>());

        await EnableAsync(issuer, account["id"]!.GetValue<string>());

        Assert.Equal(OK, (await GrantAsync(issuer, "ada")).Status);
        Assert.Null((await FindAsync(issuer))["attributes"]?["disabledReason"]);
    }

    [Fact]
    public async Task An_account_may_be_locked_for_a_while_first_and_then_for_good()
    {
        var issuer = await ServeAsync("both", [("permanentLockout", true), ("maxTemporaryLockouts", 1), ("waitIncrementSeconds", 6)]);
        await FailAsync(issuer, 2);
        AssertError(await GrantAsync(issuer, "ada"), BadRequest, "invalid_grant", Wrong);
        Assert.True((await FindAsync(issuer))["enabled"]!.GetValue<bool>());

        await WaitAsync(7);
        await FailAsync(issuer, 1);

        Assert.False((await FindAsync(issuer))["enabled"]!.GetValue<bool>());
    }

    [Fact]
    public async Task Wrong_codes_count_too()
    {
        var issuer = await ServeAsync("codes", [("waitIncrementSeconds", 60)]);
        using var browser = new RealmBrowser(new(issuer));
        var page = await browser.SubmitLoginAsync(await browser.GetAsync(AddressOf(issuer)), "otto", "otto");
        for (var i = 0; i < 2; i++)
        {
            page = await browser.SubmitAsync(page, "form#kc-otp-login-form", ("otp", "000000"));
            await Task.Delay(Counting, TestContext.Current.CancellationToken);
        }

        page = await browser.SubmitAsync(page, "form#kc-otp-login-form", ("otp", Totp.Now(Secret)));

        Assert.Equal("Invalid authenticator code.", Words(page.Page.QuerySelector("#input-error-otp")));
    }

    private static Task WaitAsync(double seconds) => Task.Delay(TimeSpan.FromSeconds(seconds), TestContext.Current.CancellationToken);

    private static string AddressOf(string issuer) =>
        $"{issuer}/protocol/openid-connect/auth?client_id=app&response_type=code&scope=openid"
            + "&redirect_uri=https%3A%2F%2Fclient.example.test%2Fapp";

    private async Task FailAsync(string issuer, int times)
    {
        for (var i = 0; i < times; i++)
        {
            AssertError(await GrantAsync(issuer, "ada", "wrong"), BadRequest, "invalid_grant", Wrong);
            await Task.Delay(Counting, TestContext.Current.CancellationToken);
        }
    }

    private Task<RealmAnswer> GrantAsync(string issuer, string person, string? password = null) => Realm.PostAsync(
        $"{issuer}/protocol/openid-connect/token",
        clientId: null,
        ("grant_type", "password"), ("client_id", "app"), ("username", person), ("password", password ?? person));

    private async Task<JsonObject> FindAsync(string issuer)
    {
        var found = await Realm.GetAsync($"{AdminOf(issuer)}/users?username=ada", ("Authorization", await BearerAsync(issuer)));
        return JsonNode.Parse(found.Text)![0]!.AsObject();
    }

    private async Task EnableAsync(string issuer, string id)
    {
        using var request = new HttpRequestMessage(HttpMethod.Put, $"{AdminOf(issuer)}/users/{id}")
        {
            Content = JsonContent.Create(new JsonObject { ["enabled"] = true }),
        };
        request.Headers.Add("Authorization", await BearerAsync(issuer));
        Assert.Equal(NoContent, (await Realm.SendAsync(request)).Status);
    }

    private async Task<string> BearerAsync(string issuer)
    {
        var answer = await Realm.PostAsync(
            $"{issuer}/protocol/openid-connect/token",
            clientId: null,
            ("grant_type", "client_credentials"), ("client_id", "tool"), ("client_secret", "s"));
        return $"Bearer {answer["access_token"]}";
    }

    private static string AdminOf(string issuer) => issuer.Replace("/realms/", "/admin/realms/", StringComparison.Ordinal);

    /// <summary>Two failures lock out, unless the settings say otherwise; the answer is the issuer.</summary>
    private async Task<string> ServeAsync(string what, (string Name, JsonNode Value)[] settings)
    {
        var name = $"lockout-{what}";
        var content = JsonNode.Parse($$"""
            {
              "realm": "{{name}}", "enabled": true, "bruteForceProtected": true, "failureFactor": 2, "quickLoginCheckMilliSeconds": 0,
              "clients": [
                { "clientId": "app", "publicClient": true, "directAccessGrantsEnabled": true,
                  "redirectUris": ["https://client.example.test/app"] },
                { "clientId": "tool", "secret": "s", "serviceAccountsEnabled": true, "directAccessGrantsEnabled": false }
              ],
              "users": [
                { "username": "ada", "enabled": true, "email": "ada@example.test", "firstName": "A", "lastName": "B",
                  "credentials": [{ "type": "password", "value": "ada" }] },
                { "username": "bob", "enabled": true, "email": "bob@example.test", "firstName": "A", "lastName": "B",
                  "credentials": [{ "type": "password", "value": "bob" }] },
                { "username": "otto", "enabled": true, "email": "otto@example.test", "firstName": "A", "lastName": "B",
                  "credentials": [
                    { "type": "password", "value": "otto" },
                    { "type": "otp", "secretData": "{\"value\":\"{{Secret}}\"}",
                      "credentialData": "{\"subType\":\"totp\",\"digits\":6,\"period\":30,\"algorithm\":\"HmacSHA1\",\"counter\":0}" }
                  ] },
                { "username": "service-account-tool", "enabled": true, "serviceAccountClientId": "tool",
                  "clientRoles": { "realm-management": ["view-users", "manage-users"] } }
              ]
            }
            """)!.AsObject();
        foreach (var (setting, value) in settings)
        {
            content[setting] = value;
        }

        var folder = Directory.CreateTempSubdirectory("lockout-");
        var file = Path.Combine(folder.FullName, "lockout.json");
        await File.WriteAllTextAsync(file, content.ToJsonString(), TestContext.Current.CancellationToken);
        var server = await Realm.ServeAsync(file);
        folder.Delete(recursive: true);
        return $"{server.GetLeftPart(UriPartial.Authority)}/realms/{name}";
    }
}

public sealed class EmbeddedBruteForceTests(EmbeddedRealmUnderTest realm) : BruteForceTests(realm);

public sealed class KeycloakBruteForceTests(KeycloakUnderTest realm) : BruteForceTests(realm);
