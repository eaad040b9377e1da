using KeycloakAccess.Admin.Design;
using KeycloakAccess.Admin.Forms;

namespace KeycloakAccess.Admin.AccessPages;

/// <summary>The choices are the accounts of the name, where there are several.</summary>
public sealed record AccessView(
    FormInput Input, IReadOnlyList<string> Permissions, AccessAnswerView? Answer, IReadOnlyList<AccessChoice> Choices);

/// <summary>The subject is Keycloak's id of the account.</summary>
public sealed record AccessChoice(string Subject, string Kind, bool Enabled, string Path);

public sealed record AccessAnswerView
{
    public required bool IsAllowed { get; init; }
    public required string Sentence { get; init; }
    public required string AccountPath { get; init; }

    /// <summary>The page that gives it, where memberships by hand are what is missing.</summary>
    public required string? GivePath { get; init; }

    /// <summary>The page of who else may do this.</summary>
    public required string WhoPath { get; init; }
    public required IReadOnlyList<IReadOnlyList<GrantPathStep>> Grants { get; init; }
    public required IReadOnlyList<IReadOnlyList<GrantPathStep>> Denials { get; init; }
    public required IReadOnlyList<string> Remedies { get; init; }
    public required IReadOnlyList<string> Notes { get; init; }
}

public sealed record RemedyListView
{
    public required Guid AccountId { get; init; }
    public required string Username { get; init; }
    public required string Permission { get; init; }
    public required bool IsAllowed { get; init; }
    public required IReadOnlyList<string> Obstacles { get; init; }
    public required IReadOnlyList<RemedyView> Remedies { get; init; }
    public required string Path { get; init; }

    /// <summary>The page with the answer as it is now.</summary>
    public required string Back { get; init; }
    public required FormInput Input { get; init; }
}

/// <summary>What the viewer lacks to do it themselves stands in <c>Lacking</c>.</summary>
public sealed record RemedyView(
    string Value, string Text, IReadOnlyList<string> AlsoGains, IReadOnlyList<string> Loses, IReadOnlyList<string> Lacking);

public sealed record WhoMayView
{
    public required FormInput Input { get; init; }
    public required IReadOnlyList<string> Permissions { get; init; }
    public string? Permission { get; init; }
    public IReadOnlyList<WhoMayGroup> Groups { get; init; } = [];
    public int MoreGroups { get; init; }
    public IReadOnlyList<WhoMayLine> Accounts { get; init; } = [];
    public Paging Paging { get; init; } = new();
}

public sealed record WhoMayGroup(Guid Id, string Name, bool IsDefault);

public sealed record WhoMayLine(Guid AccountId, string Username, string Kind, IReadOnlyList<string> Because, string Path);
