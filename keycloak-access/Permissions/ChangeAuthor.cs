using KeycloakAccess.Data;
using KeycloakAccess.Hosting;

namespace KeycloakAccess.Permissions;

internal sealed record ChangeAuthor(GrantGuard Guard, string? Reason)
{
    public Actor Actor => Guard.Caller.Actor.Because(Reason);

    public static async ValueTask<ChangeAuthor?> BindAsync(HttpContext context) =>
        await GrantGuard.BindAsync(context) is { } guard ? new ChangeAuthor(guard, ReasonParameter.Read(context.Request)) : null;
}
