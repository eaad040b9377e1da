using KeycloakAccess.Data;
using KeycloakAccess.Hosting;

namespace KeycloakAccess.Permissions;

/// <summary>Who makes a change, what they may grant, and why they make it. A handler of the API takes it as a parameter.</summary>
/// <param name="Guard">What they may grant.</param>
/// <param name="Reason">Why, in their own words; <see langword="null"/> if they did not say.</param>
internal sealed record ChangeAuthor(GrantGuard Guard, string? Reason)
{
    public Actor Actor => Guard.Caller.Actor.Because(Reason);

    /// <summary>Binds a handler's parameter, with the reason that the address gives.</summary>
    public static async ValueTask<ChangeAuthor?> BindAsync(HttpContext context) =>
        await GrantGuard.BindAsync(context) is { } guard ? new ChangeAuthor(guard, ReasonParameter.Read(context.Request)) : null;
}
