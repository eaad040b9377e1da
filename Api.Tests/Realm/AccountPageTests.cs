using Api.Tests.Infrastructure;
using static System.Net.HttpStatusCode;

namespace Api.Tests.Realm;

/// <summary>The page that the embedded realm has where Keycloak serves an application.</summary>
public sealed class AccountPageTests(EmbeddedRealmUnderTest realm) : RealmTests(realm.Account)
{
    private string Account => Realm.Issuer + "/account/";

    [Fact]
    public async Task People_see_themselves_and_end_their_other_sessions()
    {
        using var browser = Realm.NewBrowser();
        using var other = Realm.NewBrowser();
        await SignInAsync(other, "gina");
        var page = await SignInAsync(browser, "gina");
        Assert.Equal(Account, page.Url.AbsoluteUri);
        Assert.Contains("gina@example.test", page.Page.Body!.TextContent, StringComparison.Ordinal);
        Assert.Contains("Gina d'Or", page.Page.Body.TextContent, StringComparison.Ordinal);
        Assert.Equal(2, page.Page.QuerySelectorAll("#sessions li").Length);

        page = await browser.SubmitAsync(page, "#sessions form", ("stateChecker", "forged"));
        Assert.Equal(2, page.Page.QuerySelectorAll("#sessions li").Length);
        page = await browser.SubmitAsync(page, "#sessions form");
        Assert.Equal(1, page.Page.QuerySelectorAll("#sessions li").Length);

        Assert.NotNull((await other.GetAsync(Account)).Page.QuerySelector("#sign-in"));
    }

    [Fact]
    public async Task A_password_is_changed_on_the_form_of_the_sign_in()
    {
        using var browser = Realm.NewBrowser();
        var page = await SignInAsync(browser, "cleo");

        var form = await browser.GetAsync(page.Page.QuerySelector("a[href*=UPDATE_PASSWORD]")!.GetAttribute("href")!);
        var done = await browser.SubmitAsync(form, "#kc-passwd-update-form", ("password-new", "cleo"), ("password-confirm", "cleo"));

        Assert.Equal(OK, done.Status);
        Assert.Equal(Account, done.Url.AbsoluteUri);
    }

    private async Task<RealmAnswer> SignInAsync(RealmBrowser browser, string person)
    {
        var page = await browser.GetAsync(Account);
        var form = await browser.GetAsync(page.Page.QuerySelector("#sign-in")!.GetAttribute("href")!);
        return await browser.SubmitLoginAsync(form, person, person);
    }
}
