using System.Data.Common;

namespace KeycloakAccess.Data;

/// <summary>Whether a transaction has been committed is not known: an outage, after which one has to look.</summary>
internal sealed class CommitUnknownException : DbException
{
    public CommitUnknownException()
    {
    }

    public CommitUnknownException(string message)
        : base(message)
    {
    }

    public CommitUnknownException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    public override bool IsTransient => true;
}
