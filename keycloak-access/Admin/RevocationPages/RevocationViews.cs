using KeycloakAccess.Admin.Design;
using KeycloakAccess.Admin.Forms;
using KeycloakAccess.Revocations;

namespace KeycloakAccess.Admin.RevocationPages;

public sealed record RevocationView(
    Guid Id, string Kind, string Name, DateTimeOffset? IssuedUntil, DateTimeOffset RevokedAt, DateTimeOffset? KeepUntil)
{
    public string What => Kind switch
    {
        Revocation.Token => $"the token {Name}",
        Revocation.Client => IssuedUntil is null ? $"every token of the client {Name}" : $"the older tokens of the client {Name}",
        _ => "every older token",
    };

    public string TakeBackPath => $"{RevocationPageEndpoints.List}/{Id}/take-back";

    public string AuditPath => Links.WithQuery("/admin/audit", ("model", "revocation"), ("row", Id.ToString()));

    internal static RevocationView Create(Revocation revocation) => new(
        revocation.Id, revocation.Kind, revocation.Value, revocation.IssuedUntil, revocation.RevokedAt, revocation.KeepUntil);
}

public sealed record RevocationListView(IReadOnlyList<RevocationView> Revocations, Paging Paging);

/// <summary>The sessions are null where the viewer may not know.</summary>
public sealed record NewRevocationView(FormInput Input, long? Sessions);

public sealed record TakeBackRevocationView(RevocationView Revocation, FormInput Input);
