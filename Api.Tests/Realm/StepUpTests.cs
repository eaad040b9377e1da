using Api.Tests.Infrastructure;
using static System.Net.HttpStatusCode;

namespace Api.Tests.Realm;

/// <summary>Named levels of authentication, and going up from one to the next.</summary>
public abstract class StepUpTests(RealmUnderTest realm) : RealmTests(realm.Features)
{
    [Fact]
    public async Task A_higher_level_asks_for_the_password_again_and_holds_for_one_request()
    {
        using var browser = Realm.NewBrowser();
        var silver = Request("silver");
        Assert.Equal("silver", await AcrAsync(silver, await browser.SignInAsync(silver.Url, "ada", "ada")));

        var gold = Request("gold");
        var page = await browser.GetAsync(gold.Url);
        Assert.Null(page.Page.QuerySelector("input[name=username]"));
        var callback = (await browser.SubmitAsync(page, "form#kc-form-login", ("password", "ada"))).Location!;
        Assert.Equal("gold", await AcrAsync(gold, callback));

        var after = Request("silver");
        Assert.Equal("silver", await AcrAsync(after, (await browser.GetAsync(after.Url)).Location!));
    }

    [Fact]
    public async Task Whoever_asks_for_the_higher_level_first_goes_through_both_forms()
    {
        using var browser = Realm.NewBrowser();
        var request = Request("gold");

        var second = await browser.SubmitLoginAsync(await browser.GetAsync(request.Url), "ada", "ada");
        Assert.Equal(OK, second.Status);
        var callback = (await browser.SubmitAsync(second, "form#kc-form-login", ("password", "ada"))).Location!;

        Assert.Equal("gold", await AcrAsync(request, callback));
    }

    [Fact]
    public async Task A_silent_request_for_a_higher_level_needs_a_login()
    {
        using var browser = Realm.NewBrowser();
        await browser.SignInAsync(Request("silver").Url, "ada", "ada");
        var request = Request("gold").With("prompt", "none");

        AssertRedirect(
            await browser.GetAsync(request.Url),
            request["redirect_uri"] + "?",
            "error=login_required",
            $"state={request["state"]}",
            $"iss={EncodedIssuer}");
    }

    [Fact]
    public async Task A_level_that_nobody_knows_is_refused_where_it_is_essential()
    {
        using var browser = Realm.NewBrowser();
        var request = Request(acr: null).With("claims", """{"id_token":{"acr":{"essential":true,"values":["nonsense"]}}}""");

        AssertErrorPage(await browser.GetAsync(request.Url), BadRequest, "Invalid parameter: claims");
    }

    private AuthorizationRequest Request(string? acr) => new AuthorizationRequest(Realm, "stepup-ui").With("acr_values", acr);

    private async Task<string?> AcrAsync(AuthorizationRequest request, Uri callback) =>
        Jwt.Decode((await Realm.RedeemAsync(request, request.CodeFrom(callback)))["id_token"])["acr"];
}

public sealed class EmbeddedStepUpTests(EmbeddedRealmUnderTest realm) : StepUpTests(realm);

public sealed class KeycloakStepUpTests(KeycloakUnderTest realm) : StepUpTests(realm);
