using KeycloakAccess.Data;
using KeycloakAccess.Hosting;

namespace KeycloakAccess.Permissions;

internal sealed record ChangeAuthor(GrantGuard Guard, string? Reason)
{
    /// <summary>Whether it is said that nobody need be left who may do everything.</summary>
    public bool AllowsNoSuperuser { get; init; }

    public Actor Actor => Guard.Caller.Actor.Because(Reason);

    public static async ValueTask<ChangeAuthor?> BindAsync(HttpContext context) => await GrantGuard.BindAsync(context) is { } guard
        ? new ChangeAuthor(guard, ReasonParameter.Read(context.Request))
        {
            AllowsNoSuperuser = SuperuserSwitch.Read(context.Request),
        }
        : null;
}
