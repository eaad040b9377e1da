using KeycloakAccess.Authentication;
using KeycloakAccess.Permissions;
using Microsoft.AspNetCore.Http.HttpResults;

namespace KeycloakAccess.Accounts;

/// <summary>Who is calling, and what follows from it.</summary>
/// <param name="AccountId">The local account.</param>
/// <param name="Kind"><c>person</c> or <c>service</c>.</param>
/// <param name="Username">The name to sign in with, or the client id of a service.</param>
/// <param name="Email">As the token says.</param>
/// <param name="Name">As the token says.</param>
/// <param name="Issuer">The realm that vouches for the caller.</param>
/// <param name="Subject">The caller's id in that realm.</param>
/// <param name="Client">The client that the token was issued to.</param>
/// <param name="Scopes">The scopes of the token. Those of this API narrow what the groups allow.</param>
/// <param name="Roles">What Keycloak says: realm roles, client roles and groups.</param>
/// <param name="Groups">The local groups that follow, each with what put the caller there.</param>
/// <param name="Permissions">What the caller may do with this token.</param>
/// <param name="Notes">What is odd about the token, and what to change in Keycloak.</param>
public sealed record MeResponse(
    Guid AccountId,
    string Kind,
    string? Username,
    string? Email,
    string? Name,
    string Issuer,
    string Subject,
    string Client,
    IReadOnlyList<string> Scopes,
    MeRoles Roles,
    IReadOnlyList<MeGroup> Groups,
    IReadOnlyList<string> Permissions,
    IReadOnlyList<string> Notes);

/// <summary>The three kinds of roles, apart.</summary>
/// <param name="Realm">Realm roles.</param>
/// <param name="Clients">Client roles by client id.</param>
/// <param name="Groups">Paths of Keycloak groups.</param>
public sealed record MeRoles(IReadOnlyList<string> Realm, IReadOnlyDictionary<string, IReadOnlyList<string>> Clients, IReadOnlyList<string> Groups);

/// <summary>A local group that the caller is in.</summary>
/// <param name="Name">The group.</param>
/// <param name="Because">What put the caller there: a role or group of Keycloak, or somebody's hand.</param>
public sealed record MeGroup(string Name, IReadOnlyList<string> Because);

/// <summary><c>GET /me</c>: the first thing to ask when a call is refused.</summary>
internal static class MeEndpoint
{
    public static void MapMe(this IEndpointRouteBuilder routes) => routes.MapGet("/me", Get)
        .WithTags("Me")
        .WithName("GetMe")
        .WithSummary("Who is calling, as what, with which roles, groups, permissions and scopes.")
        .RequireEnabledAccount();

    public static MeResponse Describe(Caller caller)
    {
        var identity = caller.Identity;
        return new MeResponse(
            caller.AccountId,
            identity.Kind == AccountKind.Service ? "service" : "person",
            identity.Username,
            identity.Email,
            identity.Name,
            identity.Issuer,
            identity.Subject,
            identity.ClientId,
            [.. identity.Scopes.Order(StringComparer.Ordinal)],
            Roles(identity),
            [.. caller.Access.Memberships
                .GroupBy(membership => membership.Group.Name, StringComparer.Ordinal)
                .OrderBy(group => group.Key, StringComparer.Ordinal)
                .Select(group => new MeGroup(group.Key, [.. group.Select(membership => membership.Origin.ToString()).Order(StringComparer.Ordinal)]))],
            [.. caller.Permissions.Select(permission => permission.ToString())],
            [.. Notes(caller)]);
    }

    private static Ok<MeResponse> Get(Caller caller) => TypedResults.Ok(Describe(caller));

    private static MeRoles Roles(KeycloakIdentity identity)
    {
        IEnumerable<KeycloakRole> Of(RoleKind kind) => identity.Roles
            .Where(role => role.Kind == kind)
            .OrderBy(role => role.Client, StringComparer.Ordinal)
            .ThenBy(role => role.Name, StringComparer.Ordinal);

        return new MeRoles(
            [.. Of(RoleKind.RealmRole).Select(role => role.Name)],
            Of(RoleKind.ClientRole)
                .GroupBy(role => role.Client, role => role.Name, StringComparer.Ordinal)
                .ToDictionary(roles => roles.Key, roles => (IReadOnlyList<string>)[.. roles], StringComparer.Ordinal),
            [.. Of(RoleKind.KeycloakGroup).Select(role => role.Name)]);
    }

    private static IEnumerable<string> Notes(Caller caller)
    {
        if (!caller.Identity.HasRoleClaims)
        {
            yield return "The token carries no roles claim at all. Either nothing is assigned, or its client lacks the client scope \"roles\" in Keycloak. What earlier tokens showed is kept.";
        }
        else if (caller.Access.Memberships.Count == 0)
        {
            yield return "None of the roles and groups in the token is mapped to a local group.";
        }
    }
}
