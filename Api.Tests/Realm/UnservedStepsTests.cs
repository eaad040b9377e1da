using Api.Tests.Infrastructure;
using KeycloakRealm;
using Microsoft.Extensions.Logging;
using static System.Net.HttpStatusCode;

namespace Api.Tests.Realm;

/// <summary>Steps of a flow that the embedded realm does not serve: the start and the page name them, and nobody gets past them.</summary>
public sealed class UnservedStepsTests
{
    [Theory]
    [InlineData("""{ "authenticator": "sms-code", "requirement": "REQUIRED" }""", "sms-code")]
    [InlineData("""{ "flowAlias": "only", "requirement": "REQUIRED" }""", "sms-code")]
    [InlineData("""{ "authenticator": "auth-x509-client-username-form", "requirement": "REQUIRED" }""", "auth-x509-client-username-form")]
    [InlineData("""{ "flowAlias": "perhaps", "requirement": "CONDITIONAL" }""", "conditional-weather")]
    [InlineData("""{ "flowAlias": "passkey", "requirement": "REQUIRED" }""", "webauthn-authenticator")]
    public async Task Nobody_gets_past_one(string step, string name)
    {
        await using var realm = await StartAsync(step);
        using var browser = new RealmBrowser(realm.Url);

        var answer = await SignInAsync(browser, realm);

        Assert.Equal(NotImplemented, answer.Status);
        Assert.Contains($"has the step {name}, which the embedded realm does not serve", answer.Instruction!, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{ "authenticator": "sms-code", "requirement": "DISABLED" }""")]
    [InlineData("""{ "flowAlias": "either", "requirement": "REQUIRED" }""")]
    public async Task One_that_is_disabled_or_an_alternative_is_passed_over(string step)
    {
        await using var realm = await StartAsync(step);
        using var browser = new RealmBrowser(realm.Url);

        var answer = await SignInAsync(browser, realm);

        Assert.True(answer.Status is Redirect, answer.ToString());
    }

    [Fact]
    public async Task The_start_names_it_with_its_place()
    {
        using var lines = new LogLines();
        using var loggers = LoggerFactory.Create(logging => logging.AddProvider(lines));

        await using var realm = await StartAsync("""{ "authenticator": "sms-code", "requirement": "REQUIRED" }""", loggers);

        Assert.Contains(
            "$.authenticationFlows[0].authenticationExecutions[1] (the step sms-code of the flow mine) is not served: nobody gets past it",
            lines.Text,
            StringComparison.Ordinal);
        Assert.Contains(
            "$.components['org.keycloak.storage.UserStorageProvider'][0] (the user storage people)", lines.Text, StringComparison.Ordinal);
        Assert.Contains("$.identityProviders[0] (corp) is not honoured: nobody signs in through it", lines.Text, StringComparison.Ordinal);
    }

    private static Task<RealmAnswer> SignInAsync(RealmBrowser browser, EmbeddedRealm realm) => SignInAsync(
        browser,
        $"{realm.Issuer}/protocol/openid-connect/auth?client_id=app&response_type=code&scope=openid"
            + "&redirect_uri=https%3A%2F%2Fclient.example.test%2Fapp");

    private static async Task<RealmAnswer> SignInAsync(RealmBrowser browser, string address) =>
        await browser.SubmitLoginAsync(await browser.GetAsync(address), "ada", "ada");

    private static async Task<EmbeddedRealm> StartAsync(string step, ILoggerFactory? loggers = null)
    {
        var file = Path.GetTempFileName();
        await File.WriteAllTextAsync(
            file,
            $$"""
            {
              "realm": "unserved", "enabled": true, "browserFlow": "mine",
              "authenticationFlows": [
                { "alias": "mine", "providerId": "basic-flow", "topLevel": true, "authenticationExecutions": [
                  { "authenticator": "auth-username-password-form", "requirement": "REQUIRED" }, {{step}}] },
                { "alias": "only", "providerId": "basic-flow", "authenticationExecutions": [
                  { "authenticator": "sms-code", "requirement": "ALTERNATIVE" }] },
                { "alias": "perhaps", "providerId": "basic-flow", "authenticationExecutions": [
                  { "authenticator": "conditional-weather", "requirement": "REQUIRED", "priority": 1 },
                  { "authenticator": "auth-otp-form", "requirement": "REQUIRED", "priority": 2 }] },
                { "alias": "passkey", "providerId": "basic-flow", "authenticationExecutions": [
                  { "authenticator": "webauthn-authenticator", "requirement": "REQUIRED" }] },
                { "alias": "either", "providerId": "basic-flow", "authenticationExecutions": [
                  { "authenticator": "sms-code", "requirement": "ALTERNATIVE", "priority": 1 },
                  { "authenticator": "allow-access-authenticator", "requirement": "ALTERNATIVE", "priority": 2 }] }
              ],
              "identityProviders": [{ "alias": "corp", "providerId": "oidc", "config": { "clientId": "x" } }],
              "components": { "org.keycloak.storage.UserStorageProvider": [
                { "name": "people", "providerId": "ldap",
                  "config": { "connectionUrl": ["ldap://ldap.example.test"], "editMode": ["READ_ONLY"] } }] },
              "clients": [{ "clientId": "app", "publicClient": true, "redirectUris": ["https://client.example.test/app"] }],
              "users": [{ "username": "ada", "enabled": true, "email": "ada@example.test", "firstName": "A", "lastName": "B",
                "credentials": [
                  { "type": "password", "value": "ada" },
                  { "type": "webauthn", "secretData": "{}", "credentialData": "{}" }] }]
            }
            """,
            TestContext.Current.CancellationToken);
        try
        {
            var options = RealmFileUnderTest.Options(file);
            options.LoggerFactory = loggers;
            return await EmbeddedRealm.StartAsync(options, TestContext.Current.CancellationToken);
        }
        finally
        {
            File.Delete(file);
        }
    }
}
