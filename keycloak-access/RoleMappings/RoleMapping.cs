using System.ComponentModel.DataAnnotations;
using KeycloakAccess.Permissions;

namespace KeycloakAccess.RoleMappings;

internal sealed record RoleMapping
{
    public required Guid Id { get; init; }

    public required string Kind { get; init; }

    public required string Client { get; init; }

    public required string Name { get; init; }

    public required Guid GroupId { get; init; }

    public required string GroupName { get; init; }

    public required int Version { get; init; }

    public RolePattern Pattern => new(RoleKinds.Parse(Kind), Client, Name);
}

/// <summary>What a caller sends to create or replace a role mapping.</summary>
public sealed record RoleMappingRequest : IValidatableObject
{
    /// <summary><c>realm-role</c>, <c>client-role</c> or <c>keycloak-group</c>.</summary>
    [Required]
    [AllowedValues(
        "realm-role", "client-role", "keycloak-group", ErrorMessage = "kind must be realm-role, client-role or keycloak-group.")]
    public required string Kind { get; init; }

    /// <summary>The client id that owns a client role; left out for the other kinds.</summary>
    [StringLength(RolePattern.LongestClient)]
    public string Client { get; init; } = "";

    /// <summary>
    /// The role's name, or the group's full path with its leading slash, exactly as in Keycloak. <c>*</c> stands for any run
    /// of characters: <c>book-*</c>, <c>/operations/*</c>. The preview says what a pattern fits.
    /// </summary>
    [Required, StringLength(RolePattern.LongestName, MinimumLength = 1)]
    public required string Name { get; init; }

    /// <summary>The local group.</summary>
    public required Guid GroupId { get; init; }

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        // The attributes speak of a kind that does not exist.
        return RoleKinds.All.Contains(Kind, StringComparer.Ordinal)
            ? new RolePattern(RoleKinds.Parse(Kind), Client, Name).Mistakes().Select(mistake =>
                new ValidationResult(mistake.Message, [mistake.Part == RolePatternPart.Client ? nameof(Client) : nameof(Name)]))
            : [];
    }
}

/// <summary>A role mapping as a caller gets it.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Kind"><c>realm-role</c>, <c>client-role</c> or <c>keycloak-group</c>.</param>
/// <param name="Client">The client that owns a client role; <see langword="null"/> for the other kinds.</param>
/// <param name="Name">The role's name or the group's path.</param>
/// <param name="GroupId">The local group.</param>
/// <param name="GroupName">The local group's name.</param>
public sealed record RoleMappingResponse(
    Guid Id,
    [property: AllowedValues("realm-role", "client-role", "keycloak-group")] string Kind,
    string? Client, string Name, Guid GroupId, string GroupName);

/// <summary>What a mapping would fit, of all that tokens have shown so far.</summary>
/// <param name="Roles">The roles or groups that fit, the first 100 of them.</param>
/// <param name="Accounts">How many accounts have each of those, added up; of each, 1,000 are counted at most.</param>
/// <param name="MoreRoles">How many fit besides.</param>
public sealed record RoleMappingPreviewResponse(IReadOnlyList<ObservedRoleResponse> Roles, long Accounts, int MoreRoles);

/// <summary>A role or Keycloak group that a token has shown.</summary>
/// <param name="Kind"><c>realm-role</c>, <c>client-role</c> or <c>keycloak-group</c>.</param>
/// <param name="Client">The client that owns a client role; <see langword="null"/> for the other kinds.</param>
/// <param name="Name">The role's name or the group's path.</param>
/// <param name="Accounts">How many accounts have it, by the newest token of each; 1,000 are counted at most.</param>
/// <param name="Groups">The local groups that it leads to now.</param>
public sealed record ObservedRoleResponse(
    [property: AllowedValues("realm-role", "client-role", "keycloak-group")] string Kind,
    string? Client,
    string Name,
    long Accounts,
    IReadOnlyList<string> Groups);
