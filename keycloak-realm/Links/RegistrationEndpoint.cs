using KeycloakRealm.Endpoints;
using KeycloakRealm.Model;
using KeycloakRealm.Pages;
using KeycloakRealm.Sessions;

namespace KeycloakRealm.Links;

/// <summary>People who make an account for themselves, and are signed in with it.</summary>
internal static class RegistrationEndpoint
{
    public const string Path = "registration";
    public const string NotAllowed = "Registration not allowed";

    private const string Password = "password";
    private const string Confirmation = "password-confirm";

    public static async Task GetAsync(HttpContext context, RealmSite site)
    {
        if (await OpenAsync(context, site) is var (_, tab))
        {
            await ShowAsync(context, site, tab);
        }
    }

    public static async Task PostAsync(HttpContext context, RealmSite site)
    {
        var form = await ProtocolForm.ReadAsync(context);
        if (await OpenAsync(context, site) is not var (authenticationId, tab))
        {
            return;
        }

        if (!string.Equals(ProtocolForm.FromQuery(context.Request)["session_code"], tab.SessionCode, StringComparison.Ordinal))
        {
            await LoginActions.RepeatAsync(context, site, tab);
            return;
        }

        var user = NewUser(site, form);
        var change = new ProfileChange(site.Realm, user, ValuesOf(form), isNew: true);
        var errors = change.Check()
            .GroupBy(each => each.Attribute.Name, StringComparer.Ordinal)
            .ToDictionary(
                each => each.Key,
                each => (IReadOnlyList<string>)[.. each.Select(one => one.Error.Text).Distinct(StringComparer.Ordinal)],
                StringComparer.Ordinal);
        if (CheckPassword(site, form, user) is var (field, message))
        {
            errors[field] = [message];
        }

        if (errors.Count > 0)
        {
            await ShowAsync(context, site, tab, form, errors);
            return;
        }

        change.Apply();
        user.Password = Model.Password.FromPlain(form[Password]!);
        if (!site.Realm.TryAdd(user))
        {
            await ShowAsync(context, site, tab, form, new(StringComparer.Ordinal)
            {
                [ProfileAttribute.Username] = [ProfileError.UsernameExists.Text],
            });
            return;
        }

        tab.Run.User = user;
        await SignInCompletion.ContinueAsync(context, site, authenticationId, tab, user);
    }

    public static Task ShowAsync(
        HttpContext context,
        RealmSite site,
        AuthenticationTab tab,
        ProtocolForm? form = null,
        Dictionary<string, IReadOnlyList<string>>? errors = null)
    {
        tab.SessionCode = SessionStore.NewSessionCode();
        var fields = site.Realm.Profile.Attributes
            .Where(attribute => attribute.CanEdit && attribute.Scopes.Count == 0)
            .Where(attribute => !(attribute.Name is ProfileAttribute.Username && site.Realm.RegistrationEmailAsUsername))
            .Select(attribute => new ProfileField(
                attribute.Name is ProfileAttribute.Username ? attribute with { IsRequired = true } : attribute,
                form?.Values(attribute.Name) ?? [],
                errors?.GetValueOrDefault(attribute.Name) ?? [])
            {
                Values = [],
            });
        return Answer.PageAsync(
            context,
            StatusCodes.Status200OK,
            RegistrationPage.Render(
                site, tab, fields, errors?.GetValueOrDefault(Password) ?? [], errors?.GetValueOrDefault(Confirmation) ?? []));
    }

    private static async Task<(string AuthenticationId, AuthenticationTab Tab)?> OpenAsync(HttpContext context, RealmSite site)
    {
        Answer.SetCache(context, Answer.LoginCache);
        var query = ProtocolForm.FromQuery(context.Request);
        if (!site.Realm.RegistrationAllowed)
        {
            await Answer.PageAsync(context, StatusCodes.Status400BadRequest, ErrorPage.Render(site, NotAllowed));
            return null;
        }

        var authenticationId = BrowserCookies.ReadAuthentication(context, site);
        if (site.Sessions.FindTab(authenticationId, query["tab_id"]) is { } tab)
        {
            return (authenticationId!, tab);
        }

        await LoginActions.LostAsync(context, site, query);
        return null;
    }

    private static User NewUser(RealmSite site, ProtocolForm form)
    {
        var name = site.Realm.RegistrationEmailAsUsername ? form[ProfileAttribute.Email] : form[ProfileAttribute.Username];
        var user = new User
        {
            Id = Guid.NewGuid().ToString(),
            Username = (name ?? "").ToLowerInvariant(),
            Enabled = true,
            CreatedTimestamp = site.Clock.GetUtcNow().ToUnixTimeMilliseconds(),
            Roles = [site.Realm.DefaultRole],
        };
        user.Groups.AddRange(site.Realm.DefaultGroups);
        return user;
    }

    private static Dictionary<string, IReadOnlyList<string>> ValuesOf(ProtocolForm form) => form.All
        .Where(each => each.Key is not (Password or Confirmation))
        .GroupBy(each => each.Key, each => each.Value, StringComparer.Ordinal)
        .ToDictionary(each => each.Key, each => (IReadOnlyList<string>)[.. each], StringComparer.Ordinal);

    /// <summary>The field and what is wrong with it.</summary>
    private static (string Field, string Message)? CheckPassword(RealmSite site, ProtocolForm form, User user)
    {
        var password = form[Password];
        if (string.IsNullOrWhiteSpace(password))
        {
            return (Password, "Please specify password.");
        }

        if (!string.Equals(password, form[Confirmation], StringComparison.Ordinal))
        {
            return (Confirmation, "Password confirmation doesn't match.");
        }

        return site.Realm.PasswordPolicy.Violation(password, user) is { } violation ? (Password, violation) : null;
    }
}
