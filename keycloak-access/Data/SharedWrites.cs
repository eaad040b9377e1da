namespace KeycloakAccess.Data;

/// <summary>
/// Small writes that somebody waits for. Those that come while another is being written share the next transaction: on a disk a commit
/// costs more than they do.
/// </summary>
internal sealed class SharedWrites(Database database)
{
    private const int LargestBatch = 500;

    private readonly Lock _lock = new();
    private readonly Queue<Waiting> _waiting = new();
    private bool _isWriting;

    /// <summary>
    /// Returns when it has been committed. The write does not commit, may be asked for again, and is not cancelled with whoever waits.
    /// </summary>
    public Task RunAsync(Func<WriteTransaction, Task> write, CancellationToken cancellationToken)
    {
        var waiting = new Waiting(write, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        lock (_lock)
        {
            _waiting.Enqueue(waiting);
            if (!_isWriting)
            {
                _isWriting = true;
                _ = Task.Run(WriteAllAsync, CancellationToken.None);
            }
        }

        return waiting.Done.Task.WaitAsync(cancellationToken);
    }

    private async Task WriteAllAsync()
    {
        while (NextBatch() is { Count: > 0 } batch)
        {
            await WriteAsync(batch);
        }
    }

    private List<Waiting> NextBatch()
    {
        lock (_lock)
        {
            var batch = new List<Waiting>();
            while (batch.Count < LargestBatch && _waiting.TryDequeue(out var next))
            {
                batch.Add(next);
            }

            _isWriting = batch.Count > 0;
            return batch;
        }
    }

    // What fails for another reason than the database is away fails alone.
    private async Task WriteAsync(List<Waiting> batch)
    {
        try
        {
            await database.WriteAsync(
                async transaction =>
                {
                    foreach (var each in batch)
                    {
                        await each.Write(transaction);
                    }

                    await transaction.CommitAsync();
                },
                CancellationToken.None);
            batch.ForEach(each => each.Done.SetResult());
        }
        catch (Exception exception) when (batch.Count == 1 || DatabaseOutage.IsOutage(exception))
        {
            batch.ForEach(each => each.Done.SetException(exception));
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            foreach (var each in batch)
            {
                await WriteAsync([each]);
            }
        }
    }

    private sealed record Waiting(Func<WriteTransaction, Task> Write, TaskCompletionSource Done);
}
