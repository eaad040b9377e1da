using System.Globalization;
using System.Text.Json;
using KeycloakAccess.Admin.Activity;
using KeycloakAccess.Admin.Design;
using KeycloakAccess.Data;

namespace KeycloakAccess.Admin.AuditPages;

public sealed record AuditListView(
    IReadOnlyList<ActivityView> Rows, AuditListFilter Filter,
    IReadOnlyList<(string Name, string Title)> Models, IReadOnlyList<string> Mistakes, Paging Paging);

/// <summary>The filters as the address has them. Times are in the viewer's time zone.</summary>
public sealed record AuditListFilter
{
    private const int Longest = 300;

    public string? Kind { get; private init; }
    public string? Account { get; private init; }
    public string? Model { get; private init; }
    public string? Row { get; private init; }
    public string? Action { get; private init; }
    public string? Permission { get; private init; }
    public string? From { get; private init; }
    public string? To { get; private init; }
    public string? RequestId { get; private init; }

    /// <summary>The account as the field shows it.</summary>
    public string? Shown { get; init; }

    public bool IsEmpty => string.IsNullOrEmpty(Kind + Account + Model + Row + Action + Permission + From + To + RequestId);

    /// <summary>Whether one of the filters under "More filters" is set.</summary>
    public bool HasMore => !string.IsNullOrEmpty(Row + Action + Permission + From + To + RequestId);

    internal static AuditListFilter Read(IQueryCollection query)
    {
        return new AuditListFilter
        {
            Kind = Text("kind") is AuditRow.ChangeKind or AuditRow.DeniedRequestKind ? Text("kind") : null,
            Account = Text("account"),
            Model = Text("model"),
            Row = Text("row"),
            Action = Text("action"),
            Permission = Text("permission"),
            From = Text("from"),
            To = Text("to"),
            RequestId = Text("requestId"),
        };

        string? Text(string name) =>
            query[name].ToString().Replace("\0", "", StringComparison.Ordinal).Trim() is { Length: > 0 } clean
                ? ShortText.Cut(clean, Longest)
                : null;
    }

    public string Path(string path = "/admin/audit", string? after = null) => Links.WithQuery(
        path,
        ("kind", Kind), ("account", Account), ("model", Model), ("row", Row), ("action", Action), ("permission", Permission),
        ("from", From), ("to", To), ("requestId", RequestId), ("after", after));
}

public sealed record AuditRowView(ActivityView Line, IReadOnlyList<AuditFact> Facts, IReadOnlyList<AuditFieldChange> Changes)
{
    /// <summary>The page that gives the account what it was refused here.</summary>
    public string? GivePath { get; init; }

    internal static AuditRowView Create(AuditRow row, string? objectPath, bool opensAccounts, AuditWords words)
    {
        var line = AuditFormatter.ToActivity(row, words);
        return new AuditRowView(
            line,
            [.. Describe(row, objectPath, opensAccounts ? line.AccountId : null).Where(fact => !string.IsNullOrEmpty(fact.Value))],
            [.. words.Describe(row)]);
    }

    private static IEnumerable<AuditFact> Describe(AuditRow row, string? objectPath, Guid? account)
    {
        yield return new AuditFact("Who", row.Account, account is { } id ? $"/admin/accounts/{id}" : null);
        yield return new AuditFact("Came in by", AuditFormatter.Way(row.Method));
        yield return new AuditFact("Model", row.Model, Links.WithQuery("/admin/audit", ("model", row.Model)));
        var name = AuditFormatter.Name(row);
        yield return new AuditFact("About", name == row.RowId ? null : name, objectPath);
        yield return new AuditFact("Id", row.RowId, objectPath);
        yield return new AuditFact(
            "What was done to it",
            row.Model is null || row.RowId is null ? null : "All that the log has",
            Links.WithQuery("/admin/audit", ("model", row.Model), ("row", row.RowId)));
        yield return new AuditFact("Action", row.Action);
        yield return new AuditFact("Reason", row.Reason);
        yield return new AuditFact("Permission", row.Permission);
        yield return new AuditFact("Code", row.Code);
        yield return new AuditFact("Missing scope", row.Scope);
        yield return new AuditFact(
            "Missing permissions",
            row.MissingPermissions is null
                ? null
                : string.Join(", ", JsonSerializer.Deserialize<string[]>(row.MissingPermissions) ?? []));
        yield return new AuditFact("Call", row.Path is null ? null : $"{row.HttpMethod} {row.Path}");
        yield return new AuditFact("Times", row.Count > 1 ? row.Count.ToString(CultureInfo.InvariantCulture) : null);
        yield return new AuditFact("Request", row.RequestId, Links.WithQuery("/admin/audit", ("requestId", row.RequestId)));
    }
}

public sealed record AuditFact(string Name, string? Value, string? Path = null);
