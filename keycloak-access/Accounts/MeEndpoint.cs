using System.ComponentModel.DataAnnotations;
using KeycloakAccess.Authentication;
using KeycloakAccess.Permissions;
using Microsoft.AspNetCore.Http.HttpResults;

namespace KeycloakAccess.Accounts;

/// <summary>Who is calling, and what follows from it.</summary>
public sealed record MeResponse
{
    /// <summary>The local account.</summary>
    public required Guid AccountId { get; init; }

    /// <summary><c>person</c> or <c>service</c>.</summary>
    [AllowedValues("person", "service")]
    public required string Kind { get; init; }

    /// <summary>The name to sign in with, or the client id of a service.</summary>
    public required string? Username { get; init; }

    /// <summary>As the token says.</summary>
    public required string? Email { get; init; }

    /// <summary>As the token says.</summary>
    public required string? Name { get; init; }

    /// <summary>The realm that vouches for the caller.</summary>
    public required string Issuer { get; init; }

    /// <summary>The caller's id in that realm.</summary>
    public required string Subject { get; init; }

    /// <summary>The client that the token was issued to.</summary>
    public required string Client { get; init; }

    /// <summary>The scopes of the token. Those of this API narrow what the groups allow.</summary>
    public required IReadOnlyList<string> Scopes { get; init; }

    /// <summary>What Keycloak says: realm roles, client roles and groups.</summary>
    public required MeRoles Roles { get; init; }

    /// <summary>The local groups that follow, each with what put the caller there.</summary>
    public required IReadOnlyList<MeGroup> Groups { get; init; }

    /// <summary>What the caller may do with this token.</summary>
    public required IReadOnlyList<string> Permissions { get; init; }

    /// <summary>What is odd about the token, and what to change in Keycloak.</summary>
    public required IReadOnlyList<string> Notes { get; init; }
}

/// <summary>The three kinds of roles, apart.</summary>
/// <param name="Realm">Realm roles.</param>
/// <param name="Clients">Client roles by client id.</param>
/// <param name="Groups">Paths of Keycloak groups.</param>
public sealed record MeRoles(
    IReadOnlyList<string> Realm, IReadOnlyDictionary<string, IReadOnlyList<string>> Clients, IReadOnlyList<string> Groups);

/// <summary>A local group that the caller is in.</summary>
/// <param name="Name">The group.</param>
/// <param name="Because">What put the caller there: a role or group of Keycloak, or a direct membership.</param>
public sealed record MeGroup(string Name, IReadOnlyList<string> Because);

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
        return new MeResponse
        {
            AccountId = caller.AccountId,
            Kind = identity.Kind == AccountKind.Service ? "service" : "person",
            Username = identity.Username,
            Email = identity.Email,
            Name = identity.Name,
            Issuer = identity.Issuer,
            Subject = identity.Subject,
            Client = identity.ClientId,
            Scopes = [.. identity.Scopes.Order(StringComparer.Ordinal)],
            Roles = Roles(identity),
            Groups = [.. caller.Access.Memberships
                .GroupBy(membership => membership.Group.Name, membership => membership.Origin.ToString(), StringComparer.Ordinal)
                .OrderBy(group => group.Key, StringComparer.Ordinal)
                .Select(group => new MeGroup(group.Key, [.. group.Order(StringComparer.Ordinal)]))],
            Permissions = [.. caller.Permissions.Select(permission => permission.ToString())],
            Notes = RoleNotes.Find(caller) is { } note ? [note] : [],
        };
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
}
