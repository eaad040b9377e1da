using System.ComponentModel.DataAnnotations;
using KeycloakAccess.Hosting;
using KeycloakAccess.Permissions;
using KeycloakAccess.Texts;

namespace KeycloakAccess.Groups;

internal sealed record Group
{
    public required Guid Id { get; init; }

    public required string Name { get; init; }

    public required string Description { get; init; }

    public required int Version { get; init; }

    public required bool IsDefault { get; init; }

    /// <summary>As written: <c>model:action</c>, with <c>*</c> for any.</summary>
    public IReadOnlyList<string> Permissions { get; init; } = [];

    /// <summary>Written alike. They win over every permission of every group.</summary>
    public IReadOnlyList<string> Denied { get; init; } = [];

    public IEnumerable<string> Written => Permissions.Concat(Denied);

    public bool SaysTheSameAs(Group other) =>
        Name == other.Name
        && Description == other.Description
        && IsDefault == other.IsDefault
        && Permissions.ToHashSet(StringComparer.Ordinal).SetEquals(other.Permissions)
        && Denied.ToHashSet(StringComparer.Ordinal).SetEquals(other.Denied);
}

internal sealed record GroupMember
{
    public required Guid Id { get; init; }

    public required string Username { get; init; }

    /// <summary>When the membership ends; null for good.</summary>
    public DateTimeOffset? Until { get; init; }

    public string? Reason { get; init; }
}

/// <summary>A membership that ends by itself.</summary>
internal sealed record EndingMembership
{
    public required Guid GroupId { get; init; }

    public required string GroupName { get; init; }

    public required Guid AccountId { get; init; }

    public required string Username { get; init; }

    public required DateTimeOffset Until { get; init; }

    public string? Reason { get; init; }
}

/// <summary>Which groups an account leaves, and which one it is put into: one that is there, a new one, or none.</summary>
internal sealed record MembershipChange(IReadOnlyList<Guid> Leave, Guid? Join, GroupRequest? NewGroup, DateTimeOffset? Until);

/// <summary>How an account is put into a group directly. Without it: for good.</summary>
public sealed record MembershipRequest
{
    /// <summary>
    /// The instant at which the membership ends by itself, in the future (RFC 3339). Left out, or null: it stays until it is taken away.
    /// </summary>
    public DateTimeOffset? Until { get; init; }

    /// <summary>Why, in your own words. It is shown with the membership, and the audit log keeps it.</summary>
    [PlainText(ReasonParameter.Longest)]
    public string? Reason { get; init; }
}

/// <summary>An account that was put into a group directly.</summary>
/// <param name="AccountId">The account.</param>
/// <param name="Username">The name to sign in with, or the client id of a service.</param>
/// <param name="Until">When the membership ends by itself; <see langword="null"/>: it stays until it is taken away.</param>
/// <param name="Reason">Why, as whoever put it there wrote.</param>
public sealed record GroupMemberResponse(Guid AccountId, string Username, DateTimeOffset? Until, string? Reason);

/// <summary>What a caller sends to create or replace a group.</summary>
public sealed record GroupRequest
{
    /// <summary>Lower-case letters, digits and dashes; unique.</summary>
    [Required, StringLength(GroupLimits.LongestName, MinimumLength = 1)]
    [RegularExpression(GroupLimits.NamePattern, ErrorMessage = "name " + GroupLimits.NameRule)]
    public required string Name { get; init; }

    /// <summary>What the group is for, in a sentence.</summary>
    [PlainText(GroupLimits.LongestDescription)]
    public string Description { get; init; } = "";

    /// <summary>What its members may do: <c>model:action</c>, <c>model:*</c> or <c>*:*</c>.</summary>
    [Required, MaxLength(GroupLimits.MostPermissions)]
    public required IReadOnlyList<string> Permissions { get; init; }

    /// <summary>What its members may not do, whatever other groups grant them; written like <c>permissions</c>.</summary>
    [MaxLength(GroupLimits.MostPermissions)]
    public IReadOnlyList<string> Denied { get; init; } = [];

    /// <summary>Whether every account is in the group, without any role or direct membership.</summary>
    public bool IsDefault { get; init; }
}

/// <summary>A group as a caller gets it.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Name">Its name.</param>
/// <param name="Description">What it is for.</param>
/// <param name="Permissions">What its members may do.</param>
/// <param name="Denied">What its members may not do, whatever other groups grant them.</param>
/// <param name="IsDefault">Whether every account is in it.</param>
public sealed record GroupResponse(
    Guid Id, string Name, string Description, IReadOnlyList<string> Permissions, IReadOnlyList<string> Denied, bool IsDefault);
