using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;
namespace KeycloakAccess.RulesDocument;

/// <summary>
/// All groups with the role mappings that lead into them, at most 1000 groups and 5000 mappings: the form of
/// <c>access.json</c>. It says to the OpenAPI document what <see cref="AccessDocumentReader"/> reads, which keeps the places
/// of mistakes.
/// </summary>
public sealed record AccessDocumentRequest
{
    /// <summary>Where the JSON Schema of the document is; for editors.</summary>
    [JsonPropertyName("$schema")]
    public string Schema { get; init; } = "";

    /// <summary>The version of the form of the document: 1.</summary>
    [Range(1, 1)]
    public int Version { get; init; } = AccessDocument.Version;

    /// <summary>The groups by name. A group that is not here would be deleted.</summary>
    public required IReadOnlyDictionary<string, AccessGroupRequest> Groups { get; init; }
}

/// <summary>One group of the document.</summary>
public sealed record AccessGroupRequest
{
    /// <summary>What the group is for, in a sentence.</summary>
    public string Description { get; init; } = "";

    /// <summary>What its members may do: <c>model:action</c>, <c>model:*</c> or <c>*:*</c>.</summary>
    public IReadOnlyList<string> Permissions { get; init; } = [];

    /// <summary>What its members may not do, whatever other groups grant them.</summary>
    public IReadOnlyList<string> Denied { get; init; } = [];

    /// <summary>Whether every account is in the group.</summary>
    public bool IsDefault { get; init; }

    /// <summary>The roles and groups of Keycloak that lead into it.</summary>
    public IReadOnlyList<AccessRoleMappingRequest> RoleMappings { get; init; } = [];
}

/// <summary>One role mapping of a group.</summary>
public sealed record AccessRoleMappingRequest
{
    /// <summary><c>realm-role</c>, <c>client-role</c> or <c>keycloak-group</c>.</summary>
    [AllowedValues("realm-role", "client-role", "keycloak-group")]
    public required string Kind { get; init; }

    /// <summary>The client id that owns a client role; left out for the other kinds.</summary>
    public string Client { get; init; } = "";

    /// <summary>The role's name, or the group's full path; <c>*</c> stands for any run of characters.</summary>
    public required string Name { get; init; }
}

/// <summary>What a document would mean, if it were applied.</summary>
/// <param name="Accounts">The accounts that would gain or lose, by user name; at most <c>limit</c>.</param>
/// <param name="Truncated">Whether more would than are named here. The totals count all.</param>
/// <param name="Totals">How many.</param>
public sealed record AccessPreviewResponse(
    IReadOnlyList<AccessPreviewAccountResponse> Accounts, bool Truncated, AccessPreviewTotalsResponse Totals);

/// <summary>What a document would mean for one account.</summary>
/// <param name="Id">The account.</param>
/// <param name="Username">The name to sign in with, or the client id of a service.</param>
/// <param name="Kind"><c>person</c> or <c>service</c>.</param>
/// <param name="Gains">What it may do then, and not now.</param>
/// <param name="Loses">What it may do now, and not then.</param>
public sealed record AccessPreviewAccountResponse(
    Guid Id,
    string Username,
    [property: AllowedValues("person", "service")] string Kind,
    IReadOnlyList<string> Gains,
    IReadOnlyList<string> Loses);

/// <summary>How many accounts a document would mean something for.</summary>
/// <param name="Accounts">How many accounts there are in the realm that this service trusts.</param>
/// <param name="Affected">How many of them would gain or lose.</param>
/// <param name="Gaining">How many would gain.</param>
/// <param name="Losing">How many would lose.</param>
/// <param name="RolesUnknown">How many have shown no token with roles yet: their roles are not considered.</param>
public sealed record AccessPreviewTotalsResponse(long Accounts, long Affected, long Gaining, long Losing, long RolesUnknown);
