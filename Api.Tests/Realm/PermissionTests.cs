using Api.Tests.Infrastructure;
using static System.Net.HttpStatusCode;

namespace Api.Tests.Realm;

/// <summary>Decisions of a client with authorization settings (the UMA grant).</summary>
public abstract class PermissionTests(RealmUnderTest realm) : RealmTests(realm.Features)
{
    [Theory]
    [InlineData("ada", "Handbook#edit", true)]
    [InlineData("ben", "Handbook#view", true)]
    [InlineData("ben", "Handbook#edit", false)]
    [InlineData("ada", "Payroll#view", true)]
    [InlineData("ben", "Payroll", false)]
    [InlineData("una", "Handbook", false)]
    public async Task A_decision_follows_the_roles(string person, string permission, bool granted)
    {
        var answer = await AskAsync(person, ("permission", permission), ("response_mode", "decision"));

        if (granted)
        {
            Assert.Equal("""200 {"result":true}""", $"{(int)answer.Status} {answer.Text}");
        }
        else
        {
            AssertError(answer, Forbidden, "access_denied", "not_authorized");
        }
    }

    [Fact]
    public async Task A_list_holds_what_is_granted_of_everything()
    {
        var answer = await AskAsync("ben", ("response_mode", "permissions"));

        var permission = Assert.Single(answer.Json.EnumerateArray().ToList());
        Assert.Equal("Handbook", permission.GetProperty("rsname").GetString());
        AssertSet("view", permission.GetProperty("scopes"));
    }

    [Fact]
    public async Task A_token_carries_the_permissions_and_is_for_the_resource_server()
    {
        var answer = await AskAsync("ben");

        AssertMembers("upgraded access_token expires_in refresh_expires_in refresh_token token_type not-before-policy", answer.Json);
        var token = Jwt.Decode(answer["access_token"]);
        Assert.Equal("documents-api", token["aud"]);
        Assert.Equal("cli", token["azp"]);
        Assert.Equal(
            "Handbook",
            Assert.Single(token.Payload.GetProperty("authorization").GetProperty("permissions").EnumerateArray().ToList())
                .GetProperty("rsname")
                .GetString());
    }

    [Theory]
    [InlineData("permission", "Nothing#view", "invalid_resource", "Resource with id [Nothing] does not exist.")]
    [InlineData("permission", "Handbook#burn", "invalid_scope", "One of the given scopes [burn] is invalid")]
    [InlineData("audience", "nobody", "invalid_request", "Unknown resource server id: [nobody]")]
    [InlineData("audience", "orders-api", "invalid_request", "Client does not support permissions")]
    [InlineData("response_mode", "magic", "invalid_request", "Invalid response_mode")]
    public async Task A_request_that_makes_no_sense_is_refused(string name, string value, string error, string reason) =>
        AssertError(await AskAsync("ada", (name, value)), BadRequest, error, reason);

    private async Task<RealmAnswer> AskAsync(string person, params (string Name, string Value)[] form)
    {
        var token = (await Realm.PostAsync(
            Realm.TokenEndpoint,
            clientId: null,
            ("client_id", "cli"),
            ("grant_type", "password"),
            ("username", person),
            ("password", person)))["access_token"];
        (string, string)[] audience = form.Any(each => each.Name is "audience") ? [] : [("audience", "documents-api")];
        var request = RealmUnderTest.FormRequest(
            Realm.TokenEndpoint, clientId: null, [("grant_type", "urn:ietf:params:oauth:grant-type:uma-ticket"), .. audience, .. form]);
        request.Headers.Authorization = new("Bearer", token);
        return await Realm.SendAsync(request);
    }
}

public sealed class EmbeddedPermissionTests(EmbeddedRealmUnderTest realm) : PermissionTests(realm);

public sealed class KeycloakPermissionTests(KeycloakUnderTest realm) : PermissionTests(realm);
