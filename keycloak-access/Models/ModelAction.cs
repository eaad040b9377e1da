using System.Data.Common;
using KeycloakAccess.Permissions;

namespace KeycloakAccess.Models;

/// <summary>What an action may use besides its row.</summary>
/// <param name="Caller">Who asks for it. They hold the action's permission, and may see the row.</param>
/// <param name="Now">The time.</param>
/// <param name="Connection">The connection that the row was read on.</param>
/// <param name="Transaction">The transaction that the row was read in, and in which the change and its audit row are written.</param>
/// <param name="CancellationToken">The request's.</param>
public sealed record ActionCall(
    Caller Caller, DateTimeOffset Now, DbConnection Connection, DbTransaction Transaction, CancellationToken CancellationToken)
{
    /// <summary>The date in UTC.</summary>
    public DateOnly Today => DateOnly.FromDateTime(Now.UtcDateTime);
}

/// <summary>What an action made of its row: the changed row, or a refusal.</summary>
/// <typeparam name="T">The model's record.</typeparam>
public readonly record struct ActionOutcome<T>
    where T : class
{
    private ActionOutcome(T? row, string? refusal) => (Row, Refusal) = (row, refusal);

    /// <summary>The row as it shall be; <see langword="null"/> if the action is refused.</summary>
    public T? Row { get; }

    /// <summary>Why nothing is done.</summary>
    public string? Refusal { get; }

    public static implicit operator ActionOutcome<T>(T row) => new(row, refusal: null);

    /// <summary>Nothing is changed, and the answer is 409 <c>conflict</c>.</summary>
    /// <param name="detail">Why, and what to do about it, in full sentences.</param>
    public static ActionOutcome<T> Refuse(string detail) => new(row: null, detail);
}
